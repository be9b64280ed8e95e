import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import type { ValueScope } from '../../api/client';
import { keysQuery, valuesQuery } from '../../api/queries';
import { Button } from '../../components/form/Button';
import { Combobox } from '../../components/form/Combobox';
import { plural } from '../../format/count';
import type { TracesSearch } from '../../url/tracesSearch';
import css from './SearchForm.module.css';

interface TagsFieldProps {
  search: TracesSearch;
  tags: string[];
  onChange: (tags: string[]) => void;
}

const VALUE_SCOPES: readonly string[] = ['span', 'resource', 'scope'] satisfies ValueScope[];

/** Chips of key=value. Completes the key first, then its values. */
export function TagsField({ search, tags, onChange }: TagsFieldProps) {
  const [text, setText] = useState('');
  const at = text.indexOf('=');
  const key = at < 0 ? '' : text.slice(0, at);

  const keys = useQuery(keysQuery(search));
  const scope = keys.data?.keys.find((k) => k.name === key && VALUE_SCOPES.includes(k.scope))?.scope as ValueScope | undefined;
  const values = useQuery(valuesQuery(scope, key, search));

  const choices =
    at < 0
      ? (keys.data?.keys ?? []).map((k) => ({ value: `${k.name}=`, note: k.scope })).filter(firstOfItsValue())
      : (values.data?.values ?? []).map((v) => ({ value: `${key}=${v.value}`, note: plural(v.spans, 'span') }));

  const commit = (tag: string) => {
    if (!/^[^=]+=./.test(tag)) return;
    onChange([...tags.filter((other) => other !== tag), tag]);
    setText('');
  };

  return (
    <div>
      <Combobox
        key={at < 0 ? 'keys' : 'values'}
        label="Tags"
        placeholder="http.route=/pay, then Enter"
        value={text}
        choices={choices}
        loading={keys.isPending || values.isLoading}
        hint={values.data?.more ? 'There are more values than listed; any text works.' : undefined}
        onChange={setText}
        onCommit={commit}
      />
      {tags.length > 0 && (
        <ul className={css.chips} aria-label="Tags that must all match">
          {tags.map((tag) => (
            <li key={tag} className={css.chip}>
              <span title={tag}>{tag}</span>
              <Button quiet small icon aria-label={`Remove ${tag}`} onClick={() => onChange(tags.filter((other) => other !== tag))}>
                <X size={12} aria-hidden="true" />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** A key can exist in several scopes; the search looks at all of them alike. */
function firstOfItsValue() {
  const seen = new Set<string>();
  return ({ value }: { value: string }) => !seen.has(value) && Boolean(seen.add(value));
}
