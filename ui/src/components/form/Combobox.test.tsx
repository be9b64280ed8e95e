// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Combobox } from './Combobox';

afterEach(cleanup);

function Services({ onCommit }: { onCommit?: (value: string) => void }) {
  const [value, setValue] = useState('');
  const choices = ['cart', 'catalog', 'payment'].map((name) => ({ value: name }));
  return <Combobox label="Service" value={value} onChange={setValue} onCommit={onCommit} choices={choices} />;
}

const input = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Service' });
const options = () => screen.queryAllByRole('option').map((option) => option.textContent);

describe('Combobox', () => {
  it('opens on a click and narrows as one types', () => {
    render(<Services />);
    expect(options()).toEqual([]);
    fireEvent.click(input());
    expect(options()).toEqual(['cart', 'catalog', 'payment']);
    fireEvent.change(input(), { target: { value: 'CA' } });
    expect(options()).toEqual(['cart', 'catalog']);
  });
  it('is worked with the keyboard, and says which option is active', () => {
    render(<Services />);
    fireEvent.keyDown(input(), { key: 'ArrowDown' });
    fireEvent.keyDown(input(), { key: 'ArrowDown' });
    const active = input().getAttribute('aria-activedescendant');
    expect(document.getElementById(active!)?.textContent).toBe('catalog');
    fireEvent.keyDown(input(), { key: 'Enter' });
    expect(input().value).toBe('catalog');
    expect(input().getAttribute('aria-expanded')).toBe('false');
  });
  it('closes on Escape and keeps free text', () => {
    const onCommit = vi.fn();
    render(<Services onCommit={onCommit} />);
    fireEvent.change(input(), { target: { value: 'elsewhere' } });
    fireEvent.keyDown(input(), { key: 'Escape' });
    expect(input().value).toBe('elsewhere');
    fireEvent.keyDown(input(), { key: 'Enter' });
    expect(onCommit).toHaveBeenCalledWith('elsewhere');
  });
});
