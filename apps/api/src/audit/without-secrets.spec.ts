import { withoutSecrets } from './without-secrets.js';

describe('withoutSecrets', () => {
  it('hides what is kept under the name of a secret, at any depth', () => {
    const given = {
      name: 'x',
      password: 'p',
      webhook: { secret: 's', url: 'u' },
      list: [{ access_token: 't', n: 1 }],
      Authorization: 'Bearer t',
    };
    expect(withoutSecrets(given)).toEqual({
      name: 'x',
      password: '(hidden)',
      webhook: { secret: '(hidden)', url: 'u' },
      list: [{ access_token: '(hidden)', n: 1 }],
      Authorization: '(hidden)',
    });
  });

  it('leaves everything else as it is', () => {
    const given = { none: null, flag: false, zero: 0, at: new Date(0), change: { from: 1, to: 2 } };
    expect(withoutSecrets(given)).toEqual(given);
  });
});
