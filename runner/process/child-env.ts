/**
 * Variables that a child process gets when nothing else is asked for: enough to find programs, a home, a temporary
 * folder and a locale. Tokens are never among them.
 */
export const CHILD_ENV_NAMES: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  // Windows programs do not start without these.
  'SystemRoot',
  'SYSTEMROOT',
  'ComSpec',
  'PATHEXT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
]

/**
 * The environment for a child process: the named variables of `env`, and nothing else.
 *
 * @param env where values are taken from; a name it lacks is left out.
 * @param names which variables; default {@link CHILD_ENV_NAMES}.
 * @param extra set in any case, over the picked ones.
 */
export function pickChildEnv(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[] = CHILD_ENV_NAMES,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = env[name]
    if (value !== undefined) picked[name] = value
  }
  return { ...picked, ...extra }
}
