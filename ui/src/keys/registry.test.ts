// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listen, useRegistry } from './registry';

let stop: () => void;
let offered: Array<() => void> = [];
const press = (key: string, init: KeyboardEventInit = {}, on: EventTarget = document.body) =>
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }));
const offer = (keys: string, run: () => boolean | void) =>
  offered.push(useRegistry.getState().add([{ keys, does: keys, group: 'test', run }]));

beforeEach(() => (stop = listen()));
afterEach(() => {
  stop();
  for (const take of offered) take();
  offered = [];
  document.body.innerHTML = '';
});

describe('shortcuts', () => {
  it('runs a key, a sequence and a chord', () => {
    const run = vi.fn();
    offer('j', () => run('j'));
    offer('g t', () => run('g t'));
    offer('Mod+k', () => run('Mod+k'));
    offer('Shift+ArrowLeft', () => run('Shift+ArrowLeft'));
    press('j');
    press('g');
    press('t');
    press('k', { ctrlKey: true });
    press('ArrowLeft', { shiftKey: true });
    expect(run.mock.calls.flat()).toEqual(['j', 'g t', 'Mod+k', 'Shift+ArrowLeft']);
  });
  it('asks the newest first, and goes on when it declines', () => {
    const run = vi.fn();
    offer('Escape', () => run('page'));
    offer('Escape', () => (run('panel'), false));
    press('Escape');
    expect(run.mock.calls.flat()).toEqual(['panel', 'page']);
  });
  it('does nothing while one types, save for Escape and chords', () => {
    const run = vi.fn();
    for (const keys of ['j', 'Escape', 'Mod+k']) offer(keys, () => run(keys));
    const input = document.body.appendChild(document.createElement('input'));
    press('j', {}, input);
    press('Escape', {}, input);
    press('k', { metaKey: true }, input);
    expect(run.mock.calls.flat()).toEqual(['Escape', 'Mod+k']);
  });
  it('does nothing under a dialog', () => {
    const run = vi.fn();
    offer('j', run);
    document.body.appendChild(document.createElement('div')).setAttribute('role', 'dialog');
    press('j');
    expect(run).not.toHaveBeenCalled();
  });
});
