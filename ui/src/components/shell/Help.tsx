import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { Fragment } from 'react';
import { groupBy } from '../../collections/groupBy';
import { type Shortcut, useRegistry } from '../../keys/registry';
import { Button } from '../form/Button';
import css from './Overlay.module.css';

const SYMBOLS: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Mod: 'Ctrl/Cmd',
};

function spoken(keys: string): string[] {
  return keys.split(' ').map((key) => key.split(/(?<=.)\+(?=.)/).map((part) => SYMBOLS[part] ?? part).join(' + '));
}

/** Everything that can be pressed on this page, from what is registered. */
export default function Help({ onClose }: { onClose: () => void }) {
  const groups = groupBy(useRegistry((state) => state.sets).flat(), (shortcut: Shortcut) => shortcut.group);
  return (
    <Dialog.Root open onOpenChange={(open) => open || onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={css.veil} />
        <Dialog.Content className={`${css.panel} ${css.help}`} aria-describedby={undefined}>
          <div className={css.head}>
            <Dialog.Title>Keyboard and mouse</Dialog.Title>
            <Dialog.Close asChild>
              <Button quiet small icon aria-label="Close">
                <X size={16} aria-hidden="true" />
              </Button>
            </Dialog.Close>
          </div>
          {[...groups].map(([group, shortcuts]) => (
            <section key={group}>
              <h3>{group}</h3>
              <dl className={css.keys}>
                {shortcuts.map((shortcut) => (
                  <Fragment key={shortcut.keys}>
                    <dt>
                      {spoken(shortcut.keys).map((key, i) => (
                        <Fragment key={key}>
                          {i > 0 && ' then '}
                          <kbd>{key}</kbd>
                        </Fragment>
                      ))}
                    </dt>
                    <dd>{shortcut.does}</dd>
                  </Fragment>
                ))}
              </dl>
            </section>
          ))}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
