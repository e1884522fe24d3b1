import { readRoles } from './dialects/octomind/read.ts'
import { readToml } from './toml.ts'
import type { Assistant } from './workflow.ts'

/** The roles of a configuration of Octomind; none where the file is another one, or has errors. Pure and total. */
export function readRoleFile({
  file,
  bytes,
}: {
  readonly file: string
  readonly bytes: Uint8Array
}): readonly Assistant[] {
  return readRoles(readToml(file, bytes))
}
