import type { ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const MenuIcon = () => (
  <Icon>
    <path d="M4 7h16M4 12h16M4 17h10" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);
export const StopIcon = () => (
  <Icon>
    <rect x="6.500" y="6.500" width="11" height="11" rx="2" fill="currentColor" stroke="none" />
  </Icon>
);
export const TrashIcon = () => (
  <Icon>
    <path d="M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10 11v5M14 11v5" />
  </Icon>
);
export const DownloadIcon = () => (
  <Icon>
    <path d="M12 4v11M7 11l5 5 5-5M5 20h14" />
  </Icon>
);
/** A book with a ribbon: what is kept. */
export const MemoryIcon = () => (
  <Icon>
    <path d="M6 4h11a1 1 0 011 1v14a1 1 0 01-1 1H7.500A2.500 2.500 0 015 17.500V5a1 1 0 011-1zM5 17.500A2.500 2.500 0 017.500 15H18M13 4v6l-1.800-1.300L9.500 10V4" />
  </Icon>
);
export const PencilIcon = () => (
  <Icon>
    <path d="M5 19l.8-4L15.500 5.300a1.500 1.500 0 012.100 0l1.100 1.100a1.500 1.500 0 010 2.100L9 18.200 5 19zM14 7l3 3" />
  </Icon>
);
export const VoiceOnIcon = () => (
  <Icon>
    <path d="M4 10v4h3l5 4V6L7 10H4zM15.500 9.500a3.500 3.500 0 010 5M18 7a7 7 0 010 10" />
  </Icon>
);
export const VoiceOffIcon = () => (
  <Icon>
    <path d="M4 10v4h3l5 4V6L7 10H4zM16 10l4 4M20 10l-4 4" />
  </Icon>
);
export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3.500" width="6" height="11" rx="3" />
    <path d="M5.500 11.500a6.500 6.500 0 0013 0M12 18v3" />
  </Icon>
);
export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M9 9.500v2a3 3 0 005 2.200M15 10V6.500a3 3 0 00-5.800-1M5.500 11.500a6.500 6.500 0 0010.800 4.900M18.500 11.500a6.500 6.500 0 01-.5 2.500M12 18v3M4 4l16 16" />
  </Icon>
);
export const MuteIcon = MicrophoneOffIcon;
/** A hand on a button. */
export const HoldIcon = () => (
  <Icon>
    <path d="M9.500 13V5.500a1.500 1.500 0 013 0V11l4.600.9a2.400 2.400 0 011.900 2.700l-.6 3.400a3 3 0 01-3 2.500h-2.800a4 4 0 01-3.200-1.600L6 14.700a1.500 1.500 0 012.200-2l1.300 1.300M6.500 6a4.600 4.600 0 019 0" />
  </Icon>
);
export const DownIcon = () => (
  <Icon>
    <path d="M12 5v14M6 13l6 6 6-6" />
  </Icon>
);
export const WarningIcon = () => (
  <Icon>
    <path d="M12 4L3 19h18L12 4zM12 10v4M12 16.800v.1" />
  </Icon>
);

/** The mark of the program: a voice. */
export const Logo = () => (
  <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" fill="var(--brand)" />
    <g stroke="#fff" strokeWidth="3" strokeLinecap="round">
      <path d="M7 14v4M12 10v12M17 6.500v19M22 11v10M26 14.500v3" />
    </g>
  </svg>
);
