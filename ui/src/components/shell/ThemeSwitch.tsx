import { Monitor, Moon, Sun } from 'lucide-react';
import { THEMES, useTheme } from '../../state/theme';
import { Button } from '../form/Button';
import css from './Shell.module.css';

const ICONS = { system: Monitor, light: Sun, dark: Moon };
const NAMES = { system: 'Theme of the system', light: 'Light theme', dark: 'Dark theme' };

export function ThemeSwitch() {
  const { choice, choose } = useTheme();
  return (
    <div className={css.segments} role="group" aria-label="Theme">
      {THEMES.map((theme) => {
        const Icon = ICONS[theme];
        return (
          <Button key={theme} quiet={choice !== theme} small icon aria-pressed={choice === theme} aria-label={NAMES[theme]} onClick={() => choose(theme)}>
            <Icon size={14} aria-hidden="true" />
          </Button>
        );
      })}
    </div>
  );
}
