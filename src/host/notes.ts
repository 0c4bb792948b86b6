/** Collects what could not be found out: `note('driver.userMode', 'permission denied')`. */
export type Note = (path: string, why: string) => void;

export function newNotes(): { note: Note; unknown: Record<string, string> } {
  const unknown: Record<string, string> = {};
  return {
    unknown,
    note: (path, why) => {
      unknown[path] ??= why.trim().split('\n', 1)[0]?.slice(0, 300) ?? 'unknown';
    },
  };
}
