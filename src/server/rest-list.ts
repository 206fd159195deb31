/** A page of entries in the shape of every list under `/v1`. */
export function toList<Entry extends { readonly id: string }>(data: readonly Entry[], hasMore: boolean) {
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}
