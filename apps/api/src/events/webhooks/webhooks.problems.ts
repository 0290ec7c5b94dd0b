import { Problem } from '@app/common';

export const webhookNotFound = (id: number): Problem =>
  new Problem(404, 'webhook-not-found', 'Webhook not found', `there is no webhook ${id}`);

export const deliveryNotFound = (id: number): Problem =>
  new Problem(404, 'delivery-not-found', 'Delivery not found', `there is no delivery ${id}`);

export const deliveryPending = (id: number): Problem =>
  new Problem(409, 'delivery-pending', 'The delivery is still pending', `delivery ${id} will be attempted by itself`);

const invalid = (pointer: string, message: string): Problem =>
  new Problem(400, 'invalid-input', 'The request is not valid', `${pointer}: ${message}`, { errors: [{ pointer, message }] });

export const urlRefused = (reason: string): Problem => invalid('/url', reason);
export const invalidCursor = (): Problem => invalid('/query/cursor', 'not a cursor that this list gave out');
