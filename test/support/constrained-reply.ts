import type { ScriptedReply } from './scripted-reply.ts';

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema, from a request.
type Schema = any;

/** The reply as a decoder writes it that is bound to a schema: the script if that is JSON, else the least that fits. */
export function constrainedTo(schema: Schema, reply: ScriptedReply): ScriptedReply {
  const text = typeof reply.text === 'string' ? reply.text : (reply.text?.join('') ?? '');
  return isJson(text) ? reply : { ...reply, text: JSON.stringify(leastOf(schema)) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function leastOf(schema: Schema): unknown {
  if (schema === 'json') return {};
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return leastOf(schema.anyOf[0]);
  switch (schema.type) {
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => leastOf(schema.items));
    case 'string':
      return '';
    case 'number':
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default: {
      const properties = Object.entries(schema.properties ?? {});
      const required = properties.filter(([name]) => schema.required?.includes(name));
      return Object.fromEntries(required.map(([name, property]) => [name, leastOf(property)]));
    }
  }
}
