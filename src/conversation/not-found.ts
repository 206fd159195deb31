import { VivavoceError } from '../errors.ts';

export function conversationNotFound(id: string): VivavoceError {
  return new VivavoceError('not_found', `there is no conversation "${id}"`, { param: 'conversation_id' });
}

/** `param` is the field that named it: `after`, `previous_item_id`. */
export function cursorNotFound(id: string, param: string): VivavoceError {
  return new VivavoceError('not_found', `${param} names "${id}", which is not there`, { param });
}

export function itemIdTaken(id: string): VivavoceError {
  return new VivavoceError('conflict', `An item ${id} is there already; choose another id.`, {
    param: 'item.id',
  });
}

export function idTaken(id: string): VivavoceError {
  return new VivavoceError('conflict', `the conversation id "${id}" is taken: choose another one`, {
    param: 'id',
  });
}

export function erasureIdTaken(id: string): VivavoceError {
  return new VivavoceError('conflict', `an erasure "${id}" was completed before: choose another id`, {
    param: 'id',
  });
}
