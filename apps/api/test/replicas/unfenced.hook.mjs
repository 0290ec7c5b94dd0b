// Loaded into the program with --import, by a test: the cache without what keeps a value that was loaded before an invalidation from being
// stored after it. The product has no such switch; a test shows with it that it would find what the fence prevents.
import { register } from 'node:module';

const loader = `
  const fenced = 'isFenced: true';
  export async function load(url, context, next) {
    const loaded = await next(url, context);
    if (!url.endsWith('/libs/cache/src/cache.options.js')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(fenced)) throw new Error('the default that this hook changes is not there any more');
    return { ...loaded, source: source.replace(fenced, 'isFenced: false') };
  }`;

register(`data:text/javascript,${encodeURIComponent(loader)}`);
