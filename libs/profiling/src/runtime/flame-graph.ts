import { createHash } from 'node:crypto';
import { hottest, type CpuSummary, type Frame } from './cpu-profile.js';

const rowHeight = 20;
/** Narrower frames are not drawn: nobody could see them. In percent of the whole. */
const narrowest = 0.05;
const mostFrames = 5000;
const listedFunctions = 40;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
const percent = (value: number): string => value.toFixed(3);

/** Whose code it is, which is what its colour says. */
function ownerOf({ place, name }: Pick<Frame, 'place' | 'name'>): string {
  if (name === '(garbage collector)') return 'collector';
  if (place === '' || place.startsWith('node:')) return 'node';
  return place.includes('node_modules/') ? 'package' : 'own';
}

interface Drawing {
  readonly boxes: string[];
  depth: number;
}

function draw(frame: Frame, drawing: Drawing, { x, scale, depth }: { x: number; scale: number; depth: number }): void {
  const width = frame.totalMs * scale;
  if (width < narrowest || drawing.boxes.length >= mostFrames) return;
  drawing.depth = Math.max(drawing.depth, depth);
  const label = `${frame.name} ${frame.place}: ${ms(frame.totalMs)} ms, ${ms(frame.selfMs)} ms in itself`;
  drawing.boxes.push(
    `<svg class="frame ${ownerOf(frame)}" x="${percent(x)}%" y="${depth * rowHeight}" width="${percent(width)}%" height="${rowHeight - 1}"` +
      ` tabindex="0" role="button" aria-label="${escape(label)}"><title>${escape(label)}</title>` +
      `<rect width="100%" height="100%"/><text x="4" y="14">${escape(frame.name)}</text></svg>`,
  );
  let at = x;
  for (const child of frame.children) {
    draw(child, drawing, { x: at, scale, depth: depth + 1 });
    at += child.totalMs * scale;
  }
}

const style = `
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}body{margin:1rem auto;max-width:90rem;padding:0 1rem}
.frame{cursor:pointer}.frame rect{stroke:Canvas;stroke-width:.5}.frame text{font:12px ui-monospace,monospace;fill:#111;pointer-events:none}
.frame:focus-visible rect,.frame.found rect{stroke:#06c;stroke-width:3}
.own rect,i.own{fill:#f4a259;background:#f4a259}.package rect,i.package{fill:#f6d776;background:#f6d776}
.node rect,i.node{fill:#b9cfe0;background:#b9cfe0}.collector rect,i.collector{fill:#e4a3b5;background:#e4a3b5}
i{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 1em}table{border-collapse:collapse;margin-top:1rem}
th,td{padding:.15rem .8rem;text-align:left}td.figure,th.figure{text-align:right;font-variant-numeric:tabular-nums}
tr:nth-child(even){background:color-mix(in srgb,CanvasText 6%,Canvas)}input,button{font:inherit}`;

// Zooming is a matter of attributes: every box keeps where it was, and is shown relative to the one that was chosen.
const script = `
const boxes=[...document.querySelectorAll('.frame')].map(e=>({e,x:parseFloat(e.getAttribute('x')),w:parseFloat(e.getAttribute('width')),y:+e.getAttribute('y')}));
const zoom=(to)=>{for(const {e,x,w,y} of boxes){const above=y<to.y&&x<=to.x+1e-6&&x+w>=to.x+to.w-1e-6;
const inside=x>=to.x-1e-6&&x+w<=to.x+to.w+1e-6;e.style.display=above||inside?'':'none';
e.setAttribute('x',above?'0%':(x-to.x)/to.w*100+'%');e.setAttribute('width',above?'100%':w/to.w*100+'%')}};
for(const box of boxes){box.e.addEventListener('click',()=>zoom(box));
box.e.addEventListener('keydown',k=>{if(k.key==='Enter'||k.key===' '){k.preventDefault();zoom(box)}})}
const all={x:0,w:100,y:-1};document.querySelector('button').addEventListener('click',()=>zoom(all));
document.addEventListener('keydown',k=>{if(k.key==='Escape')zoom(all)});
document.querySelector('input').addEventListener('input',({target})=>{const q=target.value.toLowerCase();
for(const {e} of boxes)e.classList.toggle('found',q!==''&&e.getAttribute('aria-label').toLowerCase().includes(q))});`;

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The policy under which the page works: its own style and script by their hashes, and nothing else from anywhere. */
export const flameGraphPolicy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; frame-ancestors 'none'`;

function table(summary: CpuSummary): string {
  const rows = hottest(summary, listedFunctions).map(
    ({ name, place, selfMs, totalMs }) =>
      `<tr><td class="figure">${ms(selfMs)}</td><td class="figure">${((selfMs / Math.max(summary.busyMs, 0.001)) * 100).toFixed(1)}</td>` +
      `<td class="figure">${ms(totalMs)}</td><td>${escape(name)}</td><td>${escape(place)}</td></tr>`,
  );
  const head = ['in itself, ms', '%', 'in all, ms'].map((name) => `<th class="figure">${name}</th>`).join('');
  return `<table><caption>Functions that took most time in themselves</caption><thead><tr>${head}<th>function</th><th>place</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/**
 * One page that needs nothing else: a flame graph (widths are time, calls go down) and the hottest functions as a table. Boxes can be
 * chosen with mouse and keyboard. Names are escaped. Draws 5,000 boxes at most.
 */
export function flameGraph(summary: CpuSummary, title: string): string {
  const drawing: Drawing = { boxes: [], depth: 0 };
  draw({ ...summary.root, name: 'all', place: '' }, drawing, { x: 0, scale: 100 / Math.max(summary.busyMs, 0.001), depth: 0 });
  const share = ((summary.busyMs / Math.max(summary.durationMs, 0.001)) * 100).toFixed(0);
  const legend = ['own', 'package', 'node', 'collector'].map((owner) => `<i class="${owner}"></i>${owner}`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><style>${style}</style></head><body><h1>${escape(title)}</h1>
<p>${ms(summary.busyMs)} ms of work in ${ms(summary.durationMs)} ms: the main thread was busy ${share} % of the time.</p>
<p><label>Find <input type="search"></label> <button type="button">Show all</button>${legend}</p>
<svg width="100%" height="${(drawing.depth + 1) * rowHeight}" role="group" aria-label="Flame graph">${drawing.boxes.join('\n')}</svg>
${table(summary)}<script>${script}</script></body></html>
`;
}
