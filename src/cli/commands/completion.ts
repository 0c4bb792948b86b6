import { EXIT, RigError } from '../../kernel/index.ts';
import { completionScript } from '../completionScript.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [shell: string]> = async (_call, _flags, shell) => {
  if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish') {
    throw new RigError('RIG-CLI-002', `no completion for ${JSON.stringify(shell)}`, {
      hint: 'rig completion bash, rig completion zsh or rig completion fish',
      exitCode: EXIT.usage,
    });
  }
  const script = completionScript(shell);
  return { data: { shell, script }, text: script };
};
