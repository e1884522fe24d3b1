/**
 * Takes the meaning from lines that GitHub Actions would obey when they stand in a log: what a model or a file says must
 * not set outputs, mask words or end groups. Both spellings, `::name::` at the beginning of a line and `##[name]`
 * anywhere. See "Workflow commands for GitHub Actions".
 */
export function defuseCommands(text: string): string {
  return text.replace(/^([ \t]*):(?=:)/gm, '$1: ').replaceAll('##[', '## [')
}
