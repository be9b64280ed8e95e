import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../../api/error';
import { apiUrl } from '../../api/base';
import { deletionsQuery } from '../../api/queries';
import { Failure, LoadingRows, Notice } from '../../components/feedback/Notice';
import { plural } from '../../format/count';
import pageCss from '../Page.module.css';
import { usePageTitle } from '../usePageTitle';
import css from './Deletions.module.css';
import { DeletionRow } from './DeletionRow';

/** What was ordered to be deleted, and how far it is. */
export function DeletionsPage() {
  usePageTitle('Deletions');
  const { data, error, refetch } = useQuery(deletionsQuery());
  return (
    <div className={`${pageCss.page} ${css.page}`}>
      <h1>Deletions</h1>
      <p className={css.about}>
        What is deleted is in no answer at once, and gone from disk by its deadline. A trace is deleted on its page; everything with a value, such as
        a person’s id, by <code>POST /heddle/v1/deletions</code> (<a href={apiUrl('heddle/v1/openapi.yaml')}>its description</a>).
      </p>
      {error instanceof ApiError && error.code === 'unsupported' ? (
        <Notice title="This heddle deletes nothing on demand">
          <p>{error.message}</p>
        </Notice>
      ) : error ? (
        <Failure title="The deletions could not be loaded" error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <LoadingRows rows={6} label="Loading the deletions" />
      ) : data.deletions.length === 0 ? (
        <Notice title="Nothing was deleted on demand" />
      ) : (
        <>
          <p role="status">
            {plural(data.deletions.length, 'deletion')}, {data.deletions.filter((deletion) => !deletion.doneUnixNano).length} pending
          </p>
          <div className={css.scroller}>
            <table className={css.table} aria-label="Deletions">
              <thead>
                <tr>
                  {['What', 'Reason', 'Ordered', 'State', 'Gone from disk', 'Records', 'Store'].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {data.deletions.map((deletion) => (
                  <DeletionRow key={`${deletion.store} ${deletion.id}`} deletion={deletion} now={new Date()} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
}
