"""`make drill`: kills, faults and shortages on real runs, and one table of what they cost.

Every try is a small project of its own, real processes and a stand-in server over sockets. All columns of the
table but `tries` must be zero. See docs/operating.md.
"""
