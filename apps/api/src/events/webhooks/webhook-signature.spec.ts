import { createHmac } from 'node:crypto';
import { newSecret, secretPattern, signedHeaders } from './webhook-signature.js';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('signedHeaders', () => {
  it('signs as Standard Webhooks does in its own example', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' };
    expect(signedHeaders(message, secret)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('signs the body as bytes of UTF-8', () => {
    const signature = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(Buffer.from('evt_1.2.{"a":"ñ😀"}'))
      .digest('base64');
    expect(signedHeaders({ id: 'evt_1', timestampS: 2, body: '{"a":"ñ😀"}' }, secret)['webhook-signature']).toBe(`v1,${signature}`);
  });
});

describe('a secret', () => {
  it('is 32 random bytes unless it is given', () => {
    const made = Array.from({ length: 100 }, newSecret);
    expect(new Set(made).size).toBe(100);
    expect(made.filter((one) => secretPattern.test(one) && Buffer.from(one.slice(6), 'base64').length === 32)).toEqual(made);
  });

  it('has 24 to 64 bytes', () => {
    const accepted = Array.from({ length: 80 }, (_, size) => `whsec_${Buffer.alloc(size, 255).toString('base64')}`).map((one) =>
      secretPattern.test(one),
    );
    expect(accepted.map((isAccepted, size) => (isAccepted ? size : -1)).filter((size) => size >= 0)).toEqual(
      Array.from({ length: 41 }, (_, i) => i + 24),
    );
  });

  it.each(['', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_', 'whsec_short', `${secret}=`, `${secret}\n`, `${secret.slice(0, -1)}!`])(
    'is not %p',
    (text) => {
      expect(secretPattern.test(text)).toBe(false);
    },
  );
});
