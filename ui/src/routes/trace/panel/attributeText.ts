import type { Attribute } from '../../../api/schema';

/** A value as it is shown and copied. */
export function attributeText({ type, value }: Attribute): string {
  if (type === 'empty' || value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value as number | boolean);
}
