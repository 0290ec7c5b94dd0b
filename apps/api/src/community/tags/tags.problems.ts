import { Problem } from '@app/common';

export const tagTaken = (name: string, cause?: unknown): Problem =>
  new Problem(409, 'tag-taken', 'There is such a tag already', `a tag is called ${name}, or so much like it that the slug is the same`, {
    cause,
  });
