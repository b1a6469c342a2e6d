// Our own few icons, drawn on 24 x 24 with a stroke of 2: no icon font, no file to fetch.
const kPaths = {
  record: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  stop: "M7 7h10v10H7z",
  play: "M8 5.500v13l10.500-6.500z",
  pause: "M8 5v14M16 5v14",
  back: "M11 7l-5 5 5 5M6 12h12",
  lessons: "M4 5h16v11H4zM9 20h6M12 16v4",
  send: "M12 16V5M7 9.500L12 4.500l5 5M5 16v3h14v-3",
  home: "M4 11l8-6.500 8 6.500M6 9.500V19h12V9.500",
  picture: "M3.500 7h11v10h-11zM14.500 10.500l6-3v9l-6-3",
  sound: "M12 4a2.500 2.500 0 0 0-2.500 2.500v5a2.500 2.500 0 0 0 5 0v-5A2.500 2.500 0 0 0 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3",
  disk: "M5 5h14v14H5zM8 15h5M16 15h.010",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.500l3 1.500",
  cloud: "M7 18a4 4 0 0 1-.500-7.950 5.500 5.500 0 0 1 10.700 1A3.500 3.500 0 0 1 17 18z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  cross: "M6.500 6.500l11 11M17.500 6.500l-11 11",
  warn: "M12 4.500L3 19.500h18zM12 10v4M12 17h.010",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8h.010",
  unknown: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9.800 9.800a2.300 2.300 0 1 1 3.300 2.100c-.700.300-1.100.800-1.100 1.600M12 16.500h.010",
  mark: "M7 4h10v16l-5-4-5 4z",
  list: "M9 6h11M9 12h11M9 18h11M4.500 6h.010M4.500 12h.010M4.500 18h.010",
  search: "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
  scissors: "M6 5l12 11M18 5L6 16M6 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM18 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  document: "M6 3.500h8l4 4v13H6zM14 3.500v4h4M9 12h6M9 16h6",
  attach: "M12 16V5M7.500 9L12 4.500 16.500 9M5 19.500h14",
  bin: "M5 7h14M10 4h4M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5",
  swap: "M4 9h14l-3.500-3.500M20 15H6l3.500 3.500",
  sides: "M3.500 6h8v12h-8zM12.500 6h8v12h-8z",
  single: "M3.500 5.500h17v13h-17z",
  corner: "M3.500 5.500h17v13h-17zM13 13h5v3.500h-5z",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  volume: "M4 9.500v5h3.500L12 18V6L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11",
  mute: "M4 9.500v5h3.500L12 18V6L7.500 9.500zM16 10l4 4M20 10l-4 4",
  more: "M5 12h.010M12 12h.010M19 12h.010",
  person: "M12 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM5 20a7 7 0 0 1 14 0",
  undo: "M8 6L4 10l4 4M4 10h10a5 5 0 0 1 0 10h-3",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  star: "M12 4l2.500 5 5.500.800-4 3.900.900 5.500L12 16.600l-4.900 2.600.900-5.500-4-3.900 5.500-.800z",
  shield: "M12 3.500l7 3v5c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9v-5zM9 12l2.200 2.200L15.500 10",
  comment: "M4.500 5h15v11H11l-4.500 4v-4h-2z",
  eye: "M2.500 12S6 6 12 6s9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  keys: "M3 7h18v10H3zM6.500 10.500h.010M10 10.500h.010M13.500 10.500h.010M17 10.500h.010M8 14h8",
  next: "M6 12h12M13 7l5 5-5 5",
  earlier: "M11 6l-6 6 6 6M19 6l-6 6 6 6",
  later: "M13 6l6 6-6 6M5 6l6 6-6 6",
  inbox: "M4 13l2.500-8h11L20 13v6H4zM4 13h4.500l1.500 2.500h4l1.500-2.500H20",
} as const;

export type IconName = keyof typeof kPaths;
const kSolid: ReadonlySet<IconName> = new Set<IconName>(["record", "stop", "play"]);

export function Icon({ name, solid }: { name: IconName; solid?: boolean }) {
  return (
    <svg class={`icon${solid ?? kSolid.has(name) ? " is-solid" : ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={kPaths[name]} />
    </svg>
  );
}
