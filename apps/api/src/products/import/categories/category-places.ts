import { Problem } from '@app/common';
import { line } from '../../../http/schema.js';
import type { CategoryWish } from '../formats/product-draft.js';
import { CategoryDirectory, IMPORTED, type CategoryRow } from './category-directory.js';

/** More types than this are not categories but something else that stands in their column. */
const MOST_NEW = 200;

export interface Place {
  readonly id: number;
  /** The file says nothing: a product that is there already stays where it is. */
  readonly isDefault: boolean;
}

export interface CategorySource {
  load(): Promise<CategoryRow[]>;
  /** Throws the problem `category-name-taken` when somebody else has just made it. Without it, categories are made in name only. */
  create?(name: string, parentId: number | null): Promise<{ readonly id: number; readonly slug: string }>;
}

const categoryName = line(100);

/** Where the products of one import go. Makes categories for the types of another shop that are none here. */
export class CategoryPlaces {
  private made = 0;

  private constructor(
    private readonly source: CategorySource,
    private directory: CategoryDirectory,
  ) {}

  static async load(source: CategorySource): Promise<CategoryPlaces> {
    return new CategoryPlaces(source, new CategoryDirectory(await source.load()));
  }

  async find(wish: CategoryWish): Promise<Place | { readonly fault: string }> {
    if (wish.type?.name === '') return { id: await this.imported(), isDefault: true };
    const found = this.directory.find(wish);
    if ('fault' in found) return found;
    if ('id' in found) return { id: found.id, isDefault: false };
    const name = categoryName.safeParse(found.toMake.name);
    if (!name.success) return { fault: 'cannot be the name of a category: one line of at most 100 characters' };
    if (this.made >= MOST_NEW) return { fault: `more than ${MOST_NEW} types that are no categories yet` };
    this.made += 1;
    return { id: await this.make(name.data, await this.imported()), isDefault: false };
  }

  private imported(): number | Promise<number> {
    const found = this.directory.find({ text: IMPORTED });
    return 'id' in found ? found.id : this.make(IMPORTED, null);
  }

  private async make(name: string, parentId: number | null): Promise<number> {
    const path = parentId === null ? name : `${IMPORTED} > ${name}`;
    try {
      const { id, slug } = this.source.create ? await this.source.create(name, parentId) : { id: -this.made - 1, slug: '' };
      this.directory.add({ id, name, slug, path });
      return id;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'category-name-taken') throw error;
      this.directory = new CategoryDirectory(await this.source.load());
      const found = this.directory.find({ text: path });
      if (!('id' in found)) throw error;
      return found.id;
    }
  }
}
