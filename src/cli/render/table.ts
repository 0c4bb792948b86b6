import Table from 'cli-table3';
import type { Colors } from '../outcome.ts';

const NONE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A borderless table; columns are as wide as their longest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const view = new Table({
    chars: NONE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: head.map((cell) => colors.dim(cell)),
  });
  for (const row of rows) view.push([...row]);
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
