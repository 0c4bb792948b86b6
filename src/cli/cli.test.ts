import { describe, expect, it } from 'vitest';
import { RigError } from '../kernel/index.ts';
import { colorsFor } from './colors.ts';
import { progressView } from './progressView.ts';
import { errorDocument, errorText, exitCodeOf } from './renderError.ts';
import { rootHelp } from './rootHelp.ts';

const plain = colorsFor({}, {}, false);

describe('errors', () => {
  const error = new RigError('RIG-LOCK-003', 'what happened', {
    why: 'because',
    hint: 'rig lock',
    exitCode: 2,
    details: { a: 1 },
  });
  it('are a document', () => {
    expect(errorDocument(error)).toEqual({
      error: {
        code: 'RIG-LOCK-003',
        message: 'what happened',
        hint: 'rig lock',
        details: { a: 1, why: 'because' },
      },
    });
  });
  it('are lines', () => {
    expect(errorText(error, plain)).toBe('error[RIG-LOCK-003]: what happened\n  because\nhint: rig lock');
    expect(exitCodeOf(error)).toBe(2);
  });
  it('say a reason once', () => {
    const twice = new RigError('RIG-STORE-001', 'http://127.0.0.1:9: nobody listens', {
      why: 'nobody listens',
    });
    expect(errorText(twice, plain)).toBe('error[RIG-STORE-001]: http://127.0.0.1:9: nobody listens');
  });
  it('of our own making are called a bug', () => {
    expect(errorText(new TypeError('x is not a function'), plain)).toContain('this is a bug of rig');
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});

const drawn = (
  isTTY: boolean,
): { lines: string[]; view: ReturnType<typeof progressView>; tick: (ms: number) => void } => {
  const lines: string[] = [];
  let time = 0;
  const view = progressView(
    { write: (text) => lines.push(text), isTTY, columns: 80, rows: 10 },
    plain,
    () => time,
  );
  return { lines, view, tick: (ms) => (time += ms) };
};

describe('progress', () => {
  it('ends a task with one line that says how much and how long', () => {
    const { lines, view, tick } = drawn(false);
    view.progress({ kind: 'task', task: 'a', label: 'fetching', unit: 'bytes', total: 3_000_000 });
    view.progress({ kind: 'advance', task: 'a', by: 3_000_000 });
    tick(1500);
    view.progress({ kind: 'done', task: 'a' });
    view.close();
    expect(lines.join('')).toBe('✓ fetching  3.00 MB in 1.5 s\n');
  });
  it('prints nothing after it was closed', () => {
    const { lines, view } = drawn(true);
    view.close();
    view.progress({ kind: 'note', level: 'info', text: 'late' });
    expect(lines.join('')).toBe('');
  });
});

it('help lists the commands by group', () => {
  const text = rootHelp(plain);
  for (const word of ['up', 'down', 'lock', 'build', 'compat', 'doctor', 'explain', 'version'])
    expect(text).toMatch(new RegExp(`^  ${word} +\\S`, 'm'));
});
