import { Cached } from '@app/cache';
import { cacheTags } from '../../cache/cache-types.js';
import { Injectable } from '@nestjs/common';
import { pageWindow, paginate } from '../../http/page.js';
import type { ProductSearch, ProductsPage } from '../products.dto.js';
import { tagsOfFilters, tagsOfProducts } from '../products.tags.js';
import { ProductSearchRepository, type Found } from './product-search.repository.js';
import { expansionOf, type Expansion } from './search-expansion.js';
import { chooseSort, seenRow } from './search-sort.js';
import { isCountedOut, mostCounted, type Wanted, type WriteWords } from './search-statement.js';
import { SearchTermsRepository } from './search-terms.repository.js';
import { exactQuery, parseSearchText, type SearchText } from './search-text.js';

/** Fewer matches than this, and other spellings are tried. */
const few = 3;

/** Finds products; the one way for lists, searches and the pages of a category. */
@Injectable()
export class ProductSearchService {
  constructor(
    private readonly products: ProductSearchRepository,
    private readonly terms: SearchTermsRepository,
  ) {}

  /** For searches that are no GET, and so have no cached answer. */
  @Cached({
    type: 'product_search',
    tags: (filters: ProductSearch) => [cacheTags.catalogue, ...tagsOfFilters(filters)],
    tagsOf: tagsOfProducts,
  })
  searchCached(filters: ProductSearch): Promise<ProductsPage> {
    return this.search(filters);
  }

  async search(filters: ProductSearch): Promise<ProductsPage> {
    const sort = chooseSort(filters);
    const window = pageWindow(filters, sort.kind);
    const text = filters.query === undefined ? undefined : parseSearchText(filters.query);
    const words: WriteWords | undefined = text && ((parameters) => exactQuery(text, parameters));
    const wanted = { filters, window, sort, seen: window.after && seenRow(window.after, sort), words };
    const exact = await this.products.find(wanted);
    const expansion = text && foundLittle(text, exact) ? await this.expand(text) : undefined;
    if (!expansion) return this.page(wanted, exact);
    const wider = { ...wanted, words: expansion.words };
    const wide = await this.products.find(wider);
    if (wide.total <= exact.total) return this.page(wanted, exact);
    const page = await this.page(wider, wide);
    return expansion.corrected === undefined ? page : { ...page, corrected_query: expansion.corrected };
  }

  private async page(wanted: Wanted, found: Found): Promise<ProductsPage> {
    const { window, sort, words } = wanted;
    const isBroad = sort.by === 'relevance' && found.total > mostCounted;
    const rows = isBroad && words ? await this.products.findBroad({ ...wanted, words }) : found.rows;
    const isEstimate = isCountedOut(wanted, found.total);
    const count = isEstimate ? Math.max(found.total, await this.products.estimate(wanted)) : found.total;
    const page = paginate(rows, window, { count, isEstimate }, { kind: sort.kind, key: (row) => [row.seen_value, row.id] });
    const products = page.rows.map(({ seen_value: _, ...row }) => row);
    return { products, pagination: page.pagination, ...(found.facets ? { facets: found.facets } : {}) };
  }

  private async expand({ chunks }: SearchText): Promise<Expansion | undefined> {
    if (chunks.length === 0) return undefined;
    return expansionOf(chunks, await this.terms.findCandidates(chunks.flatMap(({ words }) => words)));
  }
}

/** Whoever names a model and finds it wants no other. */
const foundLittle = ({ chunks }: SearchText, { total }: Found): boolean =>
  total < few && (total === 0 || !chunks.some(({ typed }) => /\d/.test(typed)));
