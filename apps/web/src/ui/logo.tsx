/** The logo next to the name "Parley". */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <path
        fill="currentColor"
        d="M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H15l-7 6v-6H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"
      />
      <path class="lines" fill="none" stroke-width="2.5" stroke-linecap="round" d="M9 11.5h14M9 17h8" />
    </svg>
  );
}
