export { Cache } from './cache.js';
export type { EntryOptions } from './cache.js';
export { defineCacheTypes } from './cache-types.js';
export type { CacheTypeOptions, CacheTypes, Strategy } from './cache-types.js';
export type { CacheId } from './cache-key.js';
export type { CacheOptions } from './cache.options.js';
