import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Dialog } from 'radix-ui';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { deleteTrace } from '../../api/client';
import { statusQuery } from '../../api/queries';
import { Failure, Notice } from '../../components/feedback/Notice';
import { Button } from '../../components/form/Button';
import { TextField } from '../../components/form/Field';
import css from '../../components/shell/Overlay.module.css';
import { formatDateTime, formatRelative, nsToDate, zoneName } from '../../format/time';

interface DeleteTraceProps {
  traceId: string;
  /** What gets the focus when nothing was deleted. */
  returnTo: RefObject<HTMLButtonElement | null>;
  onClose: () => void;
}

/** Asks before a trace is deleted, and tells by when it is gone from disk. */
export default function DeleteTrace({ traceId, returnTo, onClose }: DeleteTraceProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data: status } = useQuery(statusQuery());
  const order = useMutation({
    mutationFn: (reason: string) => deleteTrace(traceId, reason),
    // All but the spans of this trace, which the page behind may still show.
    onSuccess: () => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'span' }),
  });

  // The page behind still shows the trace; it is left when the dialog is.
  const leave = () => {
    if (order.isPending) return;
    onClose();
    if (order.isSuccess) void navigate({ to: '/traces' });
  };

  return (
    <Dialog.Root open onOpenChange={(open) => open || leave()}>
      <Dialog.Portal>
        <Dialog.Overlay className={css.veil} />
        <Dialog.Content
          className={`${css.panel} ${css.ask}`}
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            returnTo.current?.focus();
          }}
        >
          <Dialog.Title>{order.isSuccess ? 'The trace is deleted' : 'Delete this trace'}</Dialog.Title>
          {order.isSuccess ? (
            <Deleted deadline={order.data.deadlineUnixNano} onLeave={leave} />
          ) : status?.deletes === false ? (
            <Refused onLeave={leave} />
          ) : (
            <Ask traceId={traceId} pending={order.isPending} error={order.error} onDelete={order.mutate} onCancel={leave} />
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** In UTF-16 units: at most three bytes each, and the server takes 1,024. */
const REASON_LENGTH = 340;

interface AskProps {
  traceId: string;
  pending: boolean;
  error: Error | null;
  onDelete: (reason: string) => void;
  onCancel: () => void;
}

function Ask({ traceId, pending, error, onDelete, onCancel }: AskProps) {
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<string>();
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() === '') setProblem('Say why: it is kept in the list of deletions.');
        else onDelete(reason.trim());
      }}
    >
      <p>
        All spans and log records of trace <code>{traceId}</code> are deleted, in the archive too. No search, page or API shows them from then on, and
        they are removed from disk soon after. This cannot be undone. What arrives later for this trace is stored again.
      </p>
      <TextField
        label="Reason"
        value={reason}
        problem={problem}
        maxLength={REASON_LENGTH}
        onChange={(event) => {
          setReason(event.target.value);
          setProblem(undefined);
        }}
      />
      {error && <Failure title="The trace was not deleted" error={error} />}
      <div className={css.actions}>
        <Button danger type="submit" disabled={pending}>
          {pending ? 'Deleting…' : 'Delete the trace'}
        </Button>
        <Button disabled={pending} onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Deleted({ deadline, onLeave }: { deadline: string; onLeave: () => void }) {
  const by = nsToDate(deadline);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <>
      <p role="status">
        Nothing shows it any more. It is gone from disk by{' '}
        <time dateTime={by.toISOString()}>
          {formatDateTime(by)} {zoneName(by)}
        </time>{' '}
        at the latest, {formatRelative(by, new Date())}. <Link to="/deletions">Deletions</Link> tells how far it is.
      </p>
      <div className={css.actions}>
        <Button primary ref={button} onClick={onLeave}>
          Back to the traces
        </Button>
      </div>
    </>
  );
}

function Refused({ onLeave }: { onLeave: () => void }) {
  return (
    <>
      <Notice title="This heddle deletes nothing on demand">
        <p>Its store is in memory and loses everything when heddle restarts. A store on disk can delete single traces.</p>
      </Notice>
      <div className={css.actions}>
        <Button onClick={onLeave}>Close</Button>
      </div>
    </>
  );
}
