import { parseWrk, rawRequest } from './wrk.mjs';

describe('rawRequest', () => {
  it('of a GET has no body, nor a length of one', () => {
    const step = { method: 'GET', path: '/products/1', headers: { authorization: 'Bearer t' } };
    expect(rawRequest(step, 'bench')).toBe('GET /products/1 HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer t\r\n\r\n');
  });

  it('tells the length of a body in bytes, not in characters', () => {
    const step = { method: 'POST', path: '/a', headers: {}, body: '"é"' };
    expect(rawRequest(step, 'bench')).toBe('POST /a HTTP/1.1\r\nhost: bench\r\ncontent-length: 4\r\n\r\n"é"');
  });
});

describe('parseWrk', () => {
  it('reads the line of figures among those of wrk itself', () => {
    const output = 'Running 1s test\n  Requests/sec: 5\n{"requests":3000,"micros":1500000,"refused":2,"broken":1}\n';
    expect(parseWrk(output)).toEqual({ requests: 3000, seconds: 1.5, perSecond: 2000, errors: 3 });
  });

  it('fails when there is none', () => {
    expect(() => parseWrk('unable to connect')).toThrow('told no figures');
  });
});
