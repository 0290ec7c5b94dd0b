import { ApiHeader } from '@nestjs/swagger';

/** The version as an entity tag: what `If-Match` takes. */
export const versionTag = ({ version }: { readonly version: number }): string => `"${version}"`;

export const ApiIfMatch = () =>
  ApiHeader({ name: 'If-Match', required: false, description: 'The version that was read, such as `"7"`', schema: { type: 'string' } });
