import { failureText } from './failure-text.js';

describe('failureText', () => {
  it.each([
    [new Error('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [undefined, 'undefined'],
    ['', 'failed'],
    [new Error('two\r\nlines and a \u0000 nothing'), 'two lines and a   nothing'],
  ])('tells %p as %p', (error, text) => {
    expect(failureText(error)).toBe(text);
  });

  it('keeps 500 characters, and no half of one', () => {
    expect(failureText('x'.repeat(600))).toHaveLength(500);
    expect(failureText(`${'x'.repeat(499)}😀`)).toBe(`${'x'.repeat(499)}\ufffd`);
  });
});
