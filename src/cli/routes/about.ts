import { defineCommand } from '../command.ts';

const version = defineCommand<object, []>({
  brief: 'The version of rig',
  flags: {},
  load: () => import('../commands/version.ts'),
});

const completion = defineCommand<object, [shell: string]>({
  brief: 'Completion for bash, zsh or fish: source <(rig completion bash)',
  flags: {},
  args: [{ brief: 'bash, zsh or fish', placeholder: 'SHELL', parse: String, optional: false }],
  load: () => import('../commands/completion.ts'),
});

export const aboutRoutes = { version, completion };
