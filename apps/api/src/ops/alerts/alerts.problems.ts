import { Problem } from '@app/common';

export const alertNotFound = (id: number): Problem => new Problem(404, 'alert-not-found', 'Alert not found', `no alert ${id} is active`);

export const silenceNotFound = (id: number): Problem =>
  new Problem(404, 'silence-not-found', 'Silence not found', `there is no silence ${id}, or it is over`);

export const tooManySilences = (): Problem =>
  new Problem(409, 'too-many-silences', 'Too many silences', 'end one of those that there are first');
