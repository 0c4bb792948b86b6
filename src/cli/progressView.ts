import { formatBytes, formatDuration } from '../kernel/index.ts';
import type { Progress, ProgressEvent } from '../kernel/index.ts';
import type { Colors } from './outcome.ts';

interface Task {
  label: string;
  unit: 'bytes' | 'files' | 'steps';
  total: number | undefined;
  done: number;
  started: number;
}

interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface ProgressView {
  progress: Progress;
  say: (line: string) => void;
  /** Removes the bars; later events print nothing. */
  close: () => void;
}

const DRAW_MS = 100;
const LINE_MS = 4000;

/** Bars that redraw in place on a terminal, a plain line every few seconds otherwise. */
export function progressView(out: Terminal, colors: Colors, now: () => number = Date.now): ProgressView {
  const tasks = new Map<string, Task>();
  const live = out.isTTY === true;
  let drawn = 0;
  let closed = false;
  let lastLine = now();
  let timer: NodeJS.Timeout | undefined;

  const erase = (): string => (drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '');
  const draw = (): void => {
    const rows = Math.max(1, (out.rows ?? 24) - 1);
    const lines = [...tasks.values()]
      .slice(0, rows)
      .map((task) => bar(task, out.columns ?? 80, colors, now()));
    out.write(`\u001b[?2026h${erase()}${lines.map((line) => `${line}\n`).join('')}\u001b[?2026l`);
    drawn = lines.length;
  };
  const plain = (): void => {
    if (now() - lastLine < LINE_MS) return;
    lastLine = now();
    for (const task of tasks.values()) out.write(`${summary(task, now())}\n`);
  };
  const tick = (): void => {
    if (closed) return;
    if (live) draw();
    else plain();
  };
  const say = (line: string): void => {
    if (drawn > 0) out.write(erase());
    drawn = 0;
    out.write(`${line}\n`);
    if (live && !closed && tasks.size > 0) draw();
  };
  const apply = (event: ProgressEvent): void => {
    if (closed) return;
    if (event.kind === 'note') return say(event.level === 'warn' ? colors.yellow(event.text) : event.text);
    if (event.kind === 'task') {
      tasks.set(event.task, {
        label: event.label,
        unit: event.unit,
        total: event.total,
        done: 0,
        started: now(),
      });
    } else {
      const task = tasks.get(event.task);
      if (!task) return;
      if (event.kind === 'advance') task.done += event.by;
      if (event.kind === 'total') task.total = event.total;
      if (event.kind === 'done') {
        tasks.delete(event.task);
        say(finished(task, event, colors, now()));
      }
    }
    timer ??= setInterval(tick, live ? DRAW_MS : LINE_MS).unref();
  };
  return {
    progress: apply,
    say,
    close() {
      if (drawn > 0) out.write(erase());
      drawn = 0;
      closed = true;
      clearInterval(timer);
    },
  };
}

function amount(task: Task, value: number): string {
  return task.unit === 'bytes' ? formatBytes(value) : String(value);
}

function timeLeft(task: Task, now: number): string {
  const elapsed = now - task.started;
  if (task.total === undefined || task.done < task.total * 0.02 || elapsed < 1500) return '';
  return `${formatDuration(Math.max(0, ((task.total - task.done) / task.done) * elapsed))} left`;
}

function figures(task: Task, now: number): string {
  if (task.total === undefined && task.done === 0) return formatDuration(now - task.started);
  const seconds = Math.max(0.001, (now - task.started) / 1000);
  const of = task.total === undefined ? '' : ` of ${amount(task, task.total)}`;
  const speed = task.unit === 'bytes' && seconds > 0.5 ? `${formatBytes(task.done / seconds)}/s` : '';
  return [`${amount(task, task.done)}${of}`, speed, timeLeft(task, now)].filter(Boolean).join('  ');
}

function summary(task: Task, now: number): string {
  const percent = task.total ? ` ${Math.floor((100 * task.done) / task.total)} %` : '';
  return `${task.label}${percent}: ${figures(task, now)}`;
}

function finished(
  task: Task,
  { note, failed }: { note?: string; failed?: boolean },
  colors: Colors,
  now: number,
): string {
  const size = task.unit === 'bytes' && task.done > 0 ? `${formatBytes(task.done)} in ` : '';
  const mark = failed ? colors.red('✗') : colors.green('✓');
  return `${mark} ${task.label}  ${colors.dim(note ?? `${size}${formatDuration(now - task.started)}`)}`;
}

function bar(task: Task, columns: number, colors: Colors, now: number): string {
  const label = task.label.padEnd(22).slice(0, 22);
  const tail = figures(task, now);
  const width = Math.max(0, Math.min(32, columns - label.length - tail.length - 6));
  const share = task.total ? Math.min(1, task.done / task.total) : 0;
  const filled = Math.round(share * width);
  const line = width >= 8 ? `${'━'.repeat(filled)}${' '.repeat(width - filled)}` : '';
  return `  ${label} ${colors.cyan(line)} ${tail}`.slice(0, columns + 10);
}
