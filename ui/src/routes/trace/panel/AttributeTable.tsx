import type { Attribute } from '../../../api/schema';
import { CopyButton } from '../../../components/form/CopyButton';
import { attributeText } from './attributeText';
import css from './SpanPanel.module.css';

/** Key, value, copy. Keys can repeat when a sender repeats them. */
export function AttributeTable({ attributes, label }: { attributes: readonly Attribute[]; label: string }) {
  if (attributes.length === 0) return null;
  return (
    <table className={css.attributes} aria-label={label}>
      <tbody>
        {attributes.map((attribute, i) => {
          const text = attributeText(attribute);
          return (
            <tr key={`${attribute.key} ${i}`}>
              <th scope="row">{attribute.key}</th>
              <td title={attribute.type}>{text === '' ? <i>{attribute.type === 'empty' ? 'empty' : 'empty text'}</i> : text}</td>
              <td>
                <CopyButton text={text} label={`Copy the value of ${attribute.key}`} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
