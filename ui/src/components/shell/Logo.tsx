/** Three warp threads lifted by the heddle: spans of a trace, as it were. */
export function Logo() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <g strokeWidth="2.5" strokeLinecap="round">
        <path d="M2 4.5h10" stroke="var(--accent)" />
        <path d="M6 10h12" stroke="var(--svc-7)" />
        <path d="M4 15.5h7" stroke="var(--svc-5)" />
      </g>
    </svg>
  );
}
