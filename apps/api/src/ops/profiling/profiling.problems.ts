import { Problem } from '@app/common';

export const profileNotFound = (requestId: string): Problem =>
  new Problem(404, 'profile-not-found', 'Profile not found', `request ${requestId} was not kept, or has made room for newer ones`);

export const captureRunning = (): Problem =>
  new Problem(409, 'capture-running', 'A capture is running', 'one at a time: wait for its end', { headers: { 'retry-after': '30' } });
