export type Shell = 'bash' | 'zsh' | 'fish';

/** The script that a shell sources; it asks `rig __complete`. */
export function completionScript(shell: Shell): string {
  if (shell === 'bash') {
    return `_rig() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(rig __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _rig rig
`;
  }
  if (shell === 'zsh') {
    return `#compdef rig
_rig() {
  local -a found
  found=("\${(@f)$(rig __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  _describe rig found
}
compdef _rig rig
`;
  }
  return `complete -c rig -f -a '(rig __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`;
}
