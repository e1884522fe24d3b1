/** Where {@link NOTE} lies. */
export const NOTE_FILE = '.codemie/workflows/note.yaml'

/** Two states in a line, whose assistant has a tool: for tests that change it. */
export const NOTE = `name: Note
assistants: [{ id: a, system_prompt: You write., tools: [{ name: read_file }] }]
states:
  - { id: plan, assistant_id: a, task: Plan a note, next: { state_id: write } }
  - { id: write, assistant_id: a, task: Write the note, next: { state_id: end } }
`
