import { Problem } from '@app/common';

export const productNotFound = (given: number | string): Problem =>
  new Problem(404, 'product-not-found', 'Product not found', `there is no product ${given}`);

const taken = (field: 'sku' | 'slug'): Problem =>
  new Problem(409, `product-${field}-taken`, `This ${field.replace('sku', 'SKU')} is taken`, undefined, {
    errors: [{ pointer: `/${field}`, message: 'is taken' }],
  });

export const skuTaken = (): Problem => taken('sku');
export const productSlugTaken = (): Problem => taken('slug');

const invalid = (pointer: string, message: string): Problem =>
  new Problem(400, 'invalid-input', 'The request is not valid', `${pointer}: ${message}`, { errors: [{ pointer, message }] });

export const salePriceTooHigh = (): Problem => invalid('/sale_price', 'must not be above the price');
export const categoryUnknown = (): Problem => invalid('/category_id', 'there is no such category');
export const sellerUnknown = (): Problem => invalid('/seller_id', 'there is no such seller');

export const sellerForAdmins = (): Problem => new Problem(403, 'seller-for-admins', 'Only an admin says whose product it is');

export const productStale = (): Problem =>
  new Problem(412, 'version-stale', 'Somebody changed it meanwhile', 'read it again, and send its version as If-Match');
