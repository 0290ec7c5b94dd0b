import { resolveType, type CacheType, type CacheTypeOptions, type CacheTypes } from './cache-types.js';

/** The types of a cache by name. Closed but for those that short-form decorators add. */
export class TypeTable {
  private readonly types = new Map<string, CacheType>();
  private readonly byPrefix = new Map<string, CacheType>();

  constructor(types: CacheTypes) {
    for (const [name, options] of Object.entries(types)) this.add(name, options);
  }

  /** Throws a `RangeError` for a name that is not in the table. */
  get(name: string): CacheType {
    const type = this.types.get(name);
    if (type === undefined) throw new RangeError(`no cache type ${name}`);
    return type;
  }

  all(): CacheType[] {
    return [...this.types.values()];
  }

  /** The type that a key belongs to, by its prefix. */
  ofKey(key: string): CacheType | undefined {
    const end = key.indexOf(':');
    return this.byPrefix.get(end === -1 ? key : key.slice(0, end));
  }

  /** The type with this prefix, or a new one that is named like it. */
  withPrefix(prefix: string, options: Omit<CacheTypeOptions, 'prefix'>): CacheType {
    return this.byPrefix.get(prefix) ?? this.add(prefix, { ...options, prefix });
  }

  private add(name: string, options: CacheTypeOptions): CacheType {
    const type = resolveType(name, options);
    const other = this.byPrefix.get(type.prefix) ?? this.types.get(name);
    if (other) throw new RangeError(`cache types ${other.name} and ${name} share the prefix ${type.prefix}`);
    this.types.set(name, type);
    this.byPrefix.set(type.prefix, type);
    return type;
  }
}
