import { email } from './users.dto.js';

describe('an e-mail address', () => {
  const local = 'a'.repeat(64);
  const label = 'b'.repeat(63);

  it.each(['ada@example.com', 'a.b+c@x-y.example', `${local}@x.org`, `a@${label}.org`])('may be %s', (address) => {
    expect(email.safeParse(address).success).toBe(true);
  });

  it.each([
    'ada', 'ada@example', '.ada@example.com', 'a..b@example.com', 'ada.@example.com', 'ada@-x.com', 'ada@x-.com', 'ada@x.-com',
    `a${local}@x.org`, `a@b${label}.org`, `a@${label}.${label}.org`, 'a b@x.org', 'a@x.org\n',
  ])('may not be %s', (address) => {
    expect(email.safeParse(address).success).toBe(false);
  }); // prettier-ignore
});
