"""A receiver of remote write and OTLP that judges samples as Prometheus does, and from which answers are lost."""
import threading

import posts


class Strict(posts.Receiver):
    """Refuses all of a request for one sample that is older than the newest of its series, or has another value at its time. `refused` has
    the words, `stored` is {(name, labels): [(time in ms, value)]}. lose(post) returns true if the answer to this post, which is stored, is
    lost; refuse(post) returns why it is refused for other reasons, or None."""

    def __init__(self, lose=lambda post: False, refuse=lambda post: None):
        self.stored, self.refused, self.lost = {}, [], []
        self._lose, self._refuse = lose, refuse
        self._one = threading.Lock()
        super().__init__(self._answer)

    def _answer(self, post):
        with self._one:
            why = self._refuse(post) or self._take(post)
            if why:
                self.refused.append(why)
                return [posts.answer(400, why)]
            if self._lose(post):
                self.lost.append(post)
                return [None]
            return [posts.answer(200)]

    def _take(self, post):
        """Stores the samples, or returns why it refuses them."""
        found = {}
        for time, name, labels, value in post.samples:
            series = name, labels
            rows = found.setdefault(series, list(self.stored.get(series, [])))
            if rows and time < rows[-1][0]:
                return f"out of order sample of {series}"
            if rows and time == rows[-1][0] and value != rows[-1][1]:
                return f"duplicate sample for timestamp of {series}"
            if not rows or time > rows[-1][0]:
                rows.append((time, value))
        self.stored |= found
        return None

    def values(self, name):
        """Returns the values of a series, in time order. Only one series has the name."""
        found = [rows for (other, _), rows in list(self.stored.items()) if other == name]
        assert len(found) <= 1
        return [value for rows in found for _, value in rows]
