import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { keysQuery, valuesQuery } from '../../../api/queries';
import { Combobox } from '../../../components/form/Combobox';
import { plural } from '../../../format/count';
import { conditionOfTag, fieldOf } from '../../../search/attribute';
import { type Condition } from '../../../traceql/filter';
import { quoteName } from '../../../traceql/literal';
import { useTraces } from '../context';

interface AttributeFieldProps {
  disabled: boolean;
  onAdd: (condition: Condition) => void;
}

/** key=value becomes a condition. Completes the key first, then its values. */
export function AttributeField({ disabled, onAdd }: AttributeFieldProps) {
  const { search } = useTraces();
  const [text, setText] = useState('');
  const at = text.indexOf('=');
  const name = at < 0 ? '' : text.slice(0, at);

  const keys = useQuery(keysQuery(search));
  // "resource.host.name" names one scope, "host.name" whichever scopes have it.
  const known = (keys.data?.keys ?? []).map((key) => ({ ...key, field: fieldOf(key) ?? '' }));
  const exact = known.find(({ field }) => field === name);
  const loose = known.filter((key) => key.name === name);
  const found = exact ?? loose[0];
  const scope = exact ? exact.scope : loose.length === 1 ? loose[0]!.scope : 'any';
  const values = useQuery(valuesQuery(scope, found?.name ?? '', search));

  const choices =
    at < 0
      ? known.map((key) => ({ value: `${key.field}=`, note: key.types.join(', ') }))
      : (values.data?.values ?? []).map((v) => ({ value: `${name}=${v.value}`, note: plural(v.spans, 'span') }));

  const commit = (tag: string) => {
    const cut = tag.indexOf('=');
    if (cut < 1 || cut === tag.length - 1) return;
    const types = exact ? exact.types : loose.flatMap((key) => key.types);
    const field = exact?.field || (loose.length === 1 ? fieldOf(loose[0]!)! : `.${quoteName(name)}`);
    onAdd(conditionOfTag(field, tag.slice(cut + 1), types));
    setText('');
  };

  return (
    <Combobox
      key={at < 0 ? 'keys' : 'values'}
      label="Attribute"
      placeholder="http.route=/pay, then Enter"
      disabled={disabled}
      value={text}
      choices={choices}
      loading={keys.isPending || values.isLoading}
      hint={values.data?.more ? 'There are more values than listed; any text works.' : undefined}
      onChange={setText}
      onCommit={commit}
    />
  );
}
