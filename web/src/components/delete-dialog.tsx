import { Modal } from './modal.tsx';

interface Props {
  readonly title: string;
  readonly onCancel: () => void;
  readonly onDelete: () => void;
}

export function DeleteDialog({ title, onCancel, onDelete }: Props) {
  return (
    <Modal label="Delete this conversation?" onClose={onCancel}>
      <h2>Delete this conversation?</h2>
      <p className="quoted">{title}</p>
      <p className="muted">All of its messages are deleted. This cannot be undone.</p>
      <div className="dialog-buttons">
        <button type="button" className="quiet" onClick={onCancel}>
          Keep it
        </button>
        <button type="button" className="danger" onClick={onDelete}>
          Delete
        </button>
      </div>
    </Modal>
  );
}
