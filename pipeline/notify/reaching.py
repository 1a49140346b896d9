"""Whether the receivers of a configuration can be reached, without telling them anything."""

from pipeline.notify.alertmanager import Alertmanager, AlertmanagerError
from pipeline.notify.config import ALERTMANAGER, Config
from pipeline.notify.exchange import Exchange, NoAnswerError
from pipeline.notify.secrets import read_authorization


async def reach(config: Config) -> dict[str, str]:
    """For each receiver what is wrong, or nothing.

    An Alertmanager is asked for its status. A webhook is asked what it allows (OPTIONS): whatever it answers, it is
    there; whether it takes what it is told, only telling shows.
    """
    found: dict[str, str] = {}
    if config.alertmanager is not None:
        how = config.alertmanager
        secret = None if how.authorization_file is None else read_authorization(how.authorization_file)
        async with Alertmanager(how.url, authorization=secret, ca_file=how.ca_file) as manager:
            try:
                await manager.ready()
                found[ALERTMANAGER] = ""
            except AlertmanagerError as error:
                found[ALERTMANAGER] = str(error)
    for hook in config.webhooks:
        secret = None if hook.authorization_file is None else read_authorization(hook.authorization_file)
        exchange = Exchange(authorization=secret, ca_file=hook.ca_file)
        try:
            await exchange.ask("OPTIONS", hook.url)
            found[hook.name] = ""
        except NoAnswerError as error:
            found[hook.name] = str(error)
        finally:
            await exchange.close()
    return found
