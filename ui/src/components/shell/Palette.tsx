import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { useState } from 'react';
import { servicesQuery } from '../../api/queries';
import { plural } from '../../format/count';
import { useOverlay } from '../../state/overlay';
import { THEMES, useTheme } from '../../state/theme';
import { FAILED } from '../../search/form';
import { writeFilter } from '../../traceql/filter';
import { quote } from '../../traceql/literal';
import { normalTraceId } from '../../url/traceSearch';
import css from './Overlay.module.css';

export default function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const show = useOverlay((state) => state.show);
  const choose = useTheme((state) => state.choose);
  const { data } = useQuery(servicesQuery({ range: '24h' }));
  const [text, setText] = useState('');
  // Short hex is a word like "cafe" more often than an id.
  const traceId = text.trim().length >= 6 ? normalTraceId(text) : null;
  const then = (action: () => void) => () => {
    onClose();
    action();
  };

  return (
    <Command.Dialog
      open
      onOpenChange={(open) => open || onClose()}
      label="Command palette"
      overlayClassName={css.veil}
      contentClassName={css.panel}
      aria-describedby={undefined}
    >
      <Command.Input className={css.input} placeholder="A trace id, a service, or what to do" value={text} onValueChange={setText} />
      <Command.List>
        <Command.Empty>Nothing by that name.</Command.Empty>
        {traceId && (
          <Command.Item forceMount value={text} onSelect={then(() => void navigate({ to: '/traces/$traceId', params: { traceId } }))}>
            Open trace <code>{traceId}</code>
          </Command.Item>
        )}
        <Command.Group heading="Go to">
          <Command.Item onSelect={then(() => void navigate({ to: '/traces' }))}>Trace search</Command.Item>
          <Command.Item onSelect={then(() => void navigate({ to: '/traces', search: { q: writeFilter([FAILED]) } }))}>Traces with errors</Command.Item>
          <Command.Item onSelect={then(() => void navigate({ to: '/deletions' }))}>Deletions</Command.Item>
        </Command.Group>
        <Command.Group heading="View">
          {THEMES.map((theme) => (
            <Command.Item key={theme} onSelect={then(() => choose(theme))}>{`Theme: ${theme}`}</Command.Item>
          ))}
          <Command.Item onSelect={() => show('help')}>Keyboard shortcuts</Command.Item>
        </Command.Group>
        {data && data.services.length > 0 && (
          <Command.Group heading="Traces of a service">
            {data.services.toSorted((a, b) => b.spans - a.spans).map(({ name, spans }) => (
              <Command.Item key={name} value={`service ${name}`} onSelect={then(() => void navigate({ to: '/traces', search: { q: `{ resource.service.name = ${quote(name)} }` } }))}>
                {name} <small>{plural(spans, 'span')}</small>
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command.Dialog>
  );
}
