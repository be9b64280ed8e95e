import { useState } from 'react';
import type { Attribute, Span } from '../../../api/schema';
import { plural } from '../../../format/count';
import { AttributeTable } from './AttributeTable';
import { attributeText } from './attributeText';
import css from './SpanPanel.module.css';

/** Attributes of the span, its resource and its scope, with one filter over all. */
export function AttributeSections({ span }: { span: Span }) {
  const [filter, setFilter] = useState('');
  const scope: Attribute[] = [
    ...(span.scope.name ? [{ key: 'name', type: 'string', value: span.scope.name }] : []),
    ...(span.scope.version ? [{ key: 'version', type: 'string', value: span.scope.version }] : []),
    ...(span.scope.attributes ?? []),
  ];
  const sections = [
    { title: 'Attributes', attributes: span.attributes, dropped: span.droppedAttributes },
    { title: 'Resource', attributes: span.resource.attributes, dropped: span.resource.droppedAttributes },
    { title: 'Scope', attributes: scope, dropped: 0 },
  ];
  const needle = filter.trim().toLowerCase();
  const matches = (attribute: Attribute) =>
    attribute.key.toLowerCase().includes(needle) || attributeText(attribute).toLowerCase().includes(needle);
  return (
    <>
      <input className={css.filter} type="search" aria-label="Filter attributes" placeholder="Filter attributes" value={filter} onChange={(event) => setFilter(event.target.value)} />
      {sections.map(({ title, attributes, dropped }) => {
        const shown = attributes.filter(matches);
        if (attributes.length === 0 && !dropped) return null;
        return (
          <section key={title} className={css.section}>
            <h3>
              {title} <span>{shown.length === attributes.length ? attributes.length : `${shown.length} of ${attributes.length}`}</span>
            </h3>
            <AttributeTable attributes={shown} label={title} />
            {dropped ? <p className={css.warn}>{plural(dropped, 'attribute')} dropped by the sender.</p> : null}
          </section>
        );
      })}
    </>
  );
}
