import { createHash } from 'node:crypto';
import { hottest, summariseCpu, type CpuProfile } from './cpu-profile.js';
import { flameGraph, flameGraphPolicy } from './flame-graph.js';

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, scriptId: '0', lineNumber: 9, columnNumber: 0 },
  hitCount: 0,
  children,
});
const here = (file: string): string => `file://${process.cwd()}/${file}`;

/** root → idle; root → handler → price (→ handler again); root → collector. Each sample stands for the time until the next one. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 6]),
    node(2, '(idle)', ''),
    node(3, 'handler', here('apps/a.ts'), [4]),
    node(4, 'price', here('apps/b.ts'), [5]),
    node(5, 'handler', here('apps/a.ts')),
    node(6, '(garbage collector)', ''),
  ],
  startTime: 0,
  endTime: 100_000,
  samples: [3, 4, 4, 5, 2, 6, 2],
  timeDeltas: [0, 1000, 2000, 4000, 8000, 16_000, 32_000],
};

describe('summariseCpu', () => {
  it('adds up the calls, most time first, and leaves idle time out', () => {
    const { durationMs, busyMs, root } = summariseCpu(profile);
    expect([durationMs, busyMs]).toEqual([100, 47]);
    expect(root.children.map(({ name, totalMs }) => [name, totalMs])).toEqual([
      ['(garbage collector)', 32],
      ['handler', 15],
    ]);
    expect(root.children[1]).toMatchObject({ place: 'apps/a.ts:10', selfMs: 1, children: [{ name: 'price', selfMs: 6, totalMs: 14 }] });
  });

  it('lists the functions that took most in themselves; one that calls itself counts once', () => {
    expect(hottest(summariseCpu(profile), 2)).toEqual([
      { name: '(garbage collector)', place: '', selfMs: 32, totalMs: 32 },
      { name: 'handler', place: 'apps/a.ts:10', selfMs: 9, totalMs: 15 },
    ]);
  });

  it('makes an empty summary of a profile without samples', () => {
    const empty = summariseCpu({ nodes: [node(1, '(root)', '')], startTime: 5, endTime: 5 });
    expect([empty.busyMs, hottest(empty, 5), flameGraph(empty, 'none').includes('NaN')]).toEqual([0, [], false]);
  });
});

describe('flameGraph', () => {
  const page = flameGraph(summariseCpu(profile), 'CPU <profile>');

  it('draws a box for each call, with its share of the time', () => {
    const boxes = [...page.matchAll(/<svg class="frame (\w+)" x="([\d.]+)%" y="(\d+)" width="([\d.]+)%"[^>]*aria-label="([^"]*)"/g)];
    expect(boxes.map(([, owner, x, y, width, label]) => [owner, Number(x), Number(y), Number(width), label?.split(':', 1)[0]])).toEqual([
      ['node', 0, 0, 100, 'all '],
      ['collector', 0, 20, 68.085, '(garbage collector) '],
      ['own', 68.085, 20, 31.915, 'handler apps/a.ts'],
      ['own', 68.085, 40, 29.787, 'price apps/b.ts'],
      ['own', 68.085, 60, 17.021, 'handler apps/a.ts'],
    ]);
  });

  it('needs nothing from elsewhere, and allows nothing but its own style and script', () => {
    expect(page).not.toMatch(/https?:|src=|@import|url\(/);
    const [style, script] = ['style', 'script'].map((tag) => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? '');
    for (const part of [style, script]) {
      expect(flameGraphPolicy).toContain(`'sha256-${createHash('sha256').update(part!).digest('base64')}'`);
    }
  });

  it('escapes names, which anybody may have chosen', () => {
    const evil = { ...profile, nodes: [node(1, '(root)', '', [3]), node(3, '</svg><script>alert("x")</script>', here(`a"'&.ts`))] };
    const drawn = flameGraph(summariseCpu(evil), '<b>');
    expect(drawn).toContain('&lt;/svg&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; a&quot;&#39;&amp;.ts:10');
    expect(drawn.match(/<script>/g)).toHaveLength(1);
    expect(drawn).not.toContain('<b>');
  });

  it('stays small when there are very many calls', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => index + 2);
    const many = {
      ...profile,
      nodes: [node(1, '(root)', '', ids), ...ids.map((id) => node(id, `f${id}`, here('a.ts')))],
      samples: [...ids, 1],
      timeDeltas: ids.map(() => 1000),
    };
    expect(flameGraph(summariseCpu(many), 'many').match(/class="frame/g)).toHaveLength(1);
  });
});
