import { Problem } from '@app/common';

export const scanNotPossible = (): Problem =>
  new Problem(
    503,
    'cache-away',
    'The cache is away',
    'Redis does not answer, so its keys cannot be scanned: use tags, a type or a prefix',
    {
      headers: { 'retry-after': '2' },
    },
  );
