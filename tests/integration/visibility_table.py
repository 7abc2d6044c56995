"""Who gets what from every endpoint of the portal: the table that test_visibility.py walks.

A row has one letter for each column of COLUMNS, with blanks between the groups:

    anonymous | commission centre | city | supporting coordinator leader contributor
    | supported coordinator leader contributor | foreign coordinator leader | expert
    | administrator security_administrator auditor

All of them ask for the same objects, those of the pairing under test. The foreign ones belong to
another pairing, the expert is assigned to the assessment, and each contributor has been given the
task, which has evidence of both sides. POST sends an empty form.

    V  sees it (200)                     A  may do it, if not always in this state
    F  sees it but may not do it (403)   N  is told that there is no such thing (404)
    R  is led elsewhere (redirect)       L  is sent to log in
    P  public
"""

COLUMNS = (
    "anonymous",
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "security_administrator",
    "auditor",
)

# Lines are: method, endpoint, letters.
TABLE = """
GET  static                         P PP P PPP PPP PP P PPP

GET  auth.change_password           L VV V VVV VVV VV V VVV
POST auth.change_password           L AA A AAA AAA AA A AAA
GET  auth.log_in                    P RR R RRR RRR RR R RRR
POST auth.log_in                    A AA A AAA AAA AA A AAA
GET  invitations.accept_invitation  P PP P PPP PPP PP P PPP
POST invitations.accept_invitation  A AA A AAA AAA AA A AAA
POST sso.accept_by_identity         N NN N NNN NNN NN N NNN
GET  sso.come_back                  N NN N NNN NNN NN N NNN
POST sso.link_identity              L NN N NNN NNN NN N NNN
GET  sso.list_identities            L VV V VVV VVV VV V VVV
GET  sso.start                      N NN N NNN NNN NN N NNN
POST sso.unlink_identity            L NA N NNN ANN NN N NAN
POST auth.log_out                   L AA A AAA AAA AA A AAA

GET  auth.second_step               L LL L LLL LLL LL L LLL
POST auth.second_step               L LL L LLL LLL LL L LLL

POST account.begin_second_factor    L AA A AAA AAA AA A AAA
POST account.confirm_second_factor  L AA A AAA AAA AA A AAA
POST account.drop_parked_form       L NN N NNN ANN NN N NNN
POST account.end_other_sessions     L AA A AAA AAA AA A AAA
POST account.end_session            L NN N NNN ANN NN N NNN
POST account.renew_recovery_codes   L AA A AAA AAA AA A AAA
GET  account.second_factor          L VV V VVV VVV VV V VVV
GET  account.show_parked_form       L NN N NNN VNN NN N NNN
GET  account.show_account           L VV V VVV VVV VV V VVV
POST account.turn_off_second_factor L AA A AAA AAA AA A AAA

GET  workbench.show                 L VV V VVV VVV VV V RRR

GET  overview.show                  L VV V VVF VVF VV F FFF

GET  admin.add_organisation         L NV N NNN NNN NN N VNN
POST admin.add_organisation         L NA N NNN NNN NN N ANN
POST admin.disable_user             L NA N NNN NNN NN N NAN
GET  admin.edit_organisation        L NV N NNN NNN NN N VNN
POST admin.edit_organisation        L NA N NNN NNN NN N ANN
GET  admin.edit_security            L NN N NNN NNN NN N NVN
POST admin.edit_security            L NN N NNN NNN NN N NAN
GET  admin.edit_user                L NV N NNN NNN NN N NVN
POST admin.edit_user                L NA N NNN NNN NN N NAN
POST admin.end_user_sessions        L NF N NNN NNN NN N NAN
POST admin.reset_second_factor      L NF N NNN NNN NN N NAN
POST admin.enable_user              L NA N NNN NNN NN N NAN
POST admin.unlock_user              L NA N NNN NNN NN N NAN
GET  admin.issue_user               L NV N NNN NNN NN N NVN
POST admin.issue_user               L NA N NNN NNN NN N NAN
POST admin.invite_user              L NF N NNN NNN NN N NFN
GET  admin.issue_many_users         L NV N NNN NNN NN N NVN
POST admin.issue_many_users         L NA N NNN NNN NN N NAN
POST admin.withdraw_invitation      L NF N NNN NNN NN N NFN
GET  admin.list_events              L NN N NNN NNN NN N NNV
GET  admin.list_audit               L NN N NNN NNN NN N NNV
GET  admin.show_audit_entry         L NN N NNN NNN NN N NNV
GET  admin.export_audit             L NN N NNN NNN NN N NNV
GET  admin.list_organisations       L NV N NNN NNN NN N VNN
GET  admin.list_users               L NV N NNN NNN NN N NVN
POST admin.reset_password           L NA N NNN NNN NN N NAN

GET  handovers.hand_over            L NV N NNN VVN NN N NVN
POST handovers.hand_over            L NA N NNN AAN NN N NAN
GET  handovers.list_people          L NN N VVN VVN VV N NNN
GET  handovers.show_sheet           L VV N NNN VVV NN N NVN

POST programmes.confirm_import      L AA N NNN NNN NN N NNN
GET  programmes.create_programme    L VV N NNN NNN NN N NNN
POST programmes.create_programme    L AA N NNN NNN NN N NNN
GET  programmes.edit_programme      L VV N NNN NNN NN N NNN
POST programmes.edit_programme      L AA N NNN NNN NN N NNN
GET  programmes.import_pairings     L VV N NNN NNN NN N NNN
POST programmes.import_pairings     L AA N NNN NNN NN N NNN
GET  programmes.list_programmes     L VV N NNN NNN NN N NNN
GET  programmes.show_programme      L VV N NNN NNN NN N NNN

GET  pairings.copy_group            L FF F VVN FFN NN N NNN
POST pairings.copy_group            L FF F AAN FFN NN N NNN
GET  pairings.edit_group            L FF F VVN VVN NN N NNN
POST pairings.edit_group            L FF F AAN AAN NN N NNN
GET  pairings.list_events           L VV V VVN VVN NN N NNN
GET  pairings.list_pairings         L VV V VVV VVV VV N NNN
GET  pairings.show_pairing          L VV V VVV VVV NN N NNN

POST agreements.abandon_change      L FF F AFN AFN NN N NNN
POST agreements.answer_termination  L FF F FFN FAN NN N NNN
POST agreements.attach_scan         L FF F AFN AFN NN N NNN
POST agreements.decide_termination  L AF F FFN FFN NN N NNN
POST agreements.delegate_signing    L NN N FAN FAN FA N NNN
POST agreements.draft_agreement     L FF F AFN AFN NN N NNN
GET  agreements.edit_agreement      L FF F VFN VFN NN N NNN
POST agreements.edit_agreement      L FF F AFN AFN NN N NNN
GET  agreements.export_register     L VV V VVN VVN VV N NNN
POST agreements.file_agreement      L FA F FFN FFN NN N NNN
GET  agreements.edit_clause         L FF F VFN VFN NN N NNN
POST agreements.edit_clause         L FF F AFN AFN NN N NNN
GET  agreements.list_delegations    L NN N VVN VVN VV N NNN
GET  agreements.list_agreements     L VV V VVN VVN VV N NNN
POST agreements.open_signing        L FF F AFN AFN NN N NNN
GET  agreements.receipt             L VV V VVN VVN NN N NNN
POST agreements.reopen_draft        L FF F AAN AAN NN N NNN
POST agreements.request_termination L FF F FAN FAN NN N NNN
POST agreements.return_agreement    L FA F FFN FFN NN N NNN
POST agreements.revoke_delegation   L NN N NNN FAN NN N NNN
GET  agreements.show_agreement      L VV V VVN VVN NN N NNN
GET  agreements.show_for_pairing    L RR R RRN RRN NN N NNN
POST agreements.sign_agreement      L FF F FAN FAN NN N NNN
POST agreements.start_change        L FF F AFN AFN NN N NNN
POST agreements.submit_agreement    L FF F AFN AFN NN N NNN
POST agreements.take_back_agreement L FF F AAN AAN NN N NNN
POST agreements.withdraw_termination L FF F FAN FFN NN N NNN

GET  library.add_task               L FV F NNF NNF NN F FFF
POST library.add_task               L FA F NNF NNF NN F FFF
GET  library.edit_task              L FV F NNF NNF NN F FFF
POST library.edit_task              L FA F NNF NNF NN F FFF
POST library.leave_out              L FA F NNF NNF NN F FFF
GET  library.list_editions          L VV F VVF VVF VV F FFF
GET  library.list_tasks             L VV F VVF VVF VV F FFF
POST library.move_task              L FA F NNF NNF NN F FFF
GET  library.promote_example        L FV F FFF FFF NN N NNN
POST library.promote_example        L FA F FFF FFF NN N NNN
POST library.publish_edition        L AA F NNF NNF NN F FFF
POST library.retitle_edition        L FA F NNF NNF NN F FFF
GET  library.show_changes           L VV F NNF NNF NN F FFF
GET  library.show_edition           L VV F VVF VVF VV F FFF
GET  library.show_for_task          L VV V VVV VVV NN N NNN
GET  library.show_task              L VV F VVF VVF VV F FFF
GET  library.show_plan_updates      L VV F VVN VVN NN N NNN
POST library.start_draft            L FA F FFF FFF FF F FFF
POST library.take_back              L FA F NNF NNF NN F FFF
POST library.update_plan            L FF F AFN AFN NN N NNN
POST library.withdraw_example       L FA F FFF FFF FF F FFF

POST plans.add_core                 L FF F AFN AFN NN N NNN
GET  plans.add_met_target           L FF F VFN VFN NN N NNN
POST plans.add_met_target           L FF F AFN AFN NN N NNN
POST plans.change_many              L FF F AFN AFN NN N NNN
POST plans.copy_to_others           L FF F AFN AFN NN N NNN
GET  plans.edit_figures             L FF F VFN VFN NN N NNN
POST plans.edit_figures             L FF F AFN AFN NN N NNN
POST plans.withdraw_met_target      L FF F AFN AFN NN N NNN
GET  plans.add_task                 L FF F VFN VFN NN N NNN
POST plans.add_task                 L FF F AFN AFN NN N NNN
POST sheets.apply_import            L NN N ANN NNN NN N NNN
POST sheets.check_next              L NN N ANN NNN NN N NNN
POST sheets.choose                  L NN N ANN NNN NN N NNN
POST sheets.discard                 L NN N ANN NNN NN N NNN
GET  sheets.download_errors         L NN N VNN NNN NN N NNN
GET  sheets.download_ledger         L VV V VVV VVV VV N NNN
GET  sheets.download_plan           L VV V VVN VVN NN N NNN
GET  sheets.list_imports            L FF F VVV VVV VV F FFF
GET  sheets.show_import             L NN N VNN NNN NN N NNN
POST sheets.undo_import             L NN N ANN NNN NN N NNN
GET  sheets.upload                  L FF F VVV VVV VV F FFF
POST sheets.upload                  L FF F AAA AAA AA F FFF

POST plans.complete_plan            L FA F FFN FFN NN N NNN
GET  plans.edit_goals               L FF F VFN VFN NN N NNN
POST plans.edit_goals               L FF F AFN AFN NN N NNN
GET  plans.edit_task                L FF F VFN VFN NN N NNN
POST plans.edit_task                L FF F AFN AFN NN N NNN
POST plans.endorse_plan             L FF F FAN FAN NN N NNN
GET  plans.pick_tasks               L FF F VFF VFF VF F FFF
POST plans.pick_tasks               L FF F AFF AFF AF F FFF
POST plans.remove_task              L FF F AFN AFN NN N NNN
GET  plans.show_row                 L FF F RFN RFN NN N NNN
GET  plans.show_plan                L VV V VVN VVN NN N NNN
POST plans.start_plan               L FF F AFF AFF NN N NNN
POST plans.withdraw_endorsement     L FF F FAN FAN NN N NNN

POST tasks.add_note                 L FF F AAA AAA NN N NNN
POST tasks.assign_owners            L FF F AFF AFF NN N NNN
GET  tasks.export_tasks             L VV V VVV VVV VV N NNN
GET  tasks.list_for_pairing         L VV V VVV VVV NN N NNN
GET  tasks.list_tasks               L VV V VVV VVV VV N NNN
GET  tasks.show_task                L VV V VVV VVV NN N NNN
POST tasks.reach_milestone          L FF F AAA AAA NN N NNN
POST tasks.start_task               L FF F AAA AAA NN N NNN
POST tasks.undo_milestone           L FF F AAA AAA NN N NNN

GET  amendments.list_changes        L FV F FVF FVF FV F FFF
GET  amendments.list_for_pairing    L VV V VVN VVN NN N NNN
GET  amendments.show_amendment      L VV V VVN VVN NN N NNN
POST amendments.start_amendment     L FF F AFN AFN NN N NNN
GET  amendments.edit_reason         L FF F VFN VFN NN N NNN
POST amendments.edit_reason         L FF F AFN AFN NN N NNN
GET  amendments.choose_tasks        L FF F VFN VFN NN N NNN
POST amendments.choose_tasks        L FF F AFN AFN NN N NNN
GET  amendments.change_task         L FF F VFN VFN NN N NNN
POST amendments.change_task         L FF F AFN AFN NN N NNN
GET  amendments.add_task            L FF F VFN VFN NN N NNN
POST amendments.add_task            L FF F AFN AFN NN N NNN
GET  amendments.change_goals        L FF F VFN VFN NN N NNN
POST amendments.change_goals        L FF F AFN AFN NN N NNN
GET  amendments.pick_from_library   L FF F VFN VFN NN N NNN
POST amendments.pick_from_library   L FF F AFN AFN NN N NNN
POST amendments.remove_line         L FF F AFN AFN NN N NNN
POST amendments.propose_amendment   L FF F AFN AFN NN N NNN
POST amendments.consent_to_amendment L FF F FAN FAN NN N NNN
POST amendments.decline_amendment   L FF F FAN FAN NN N NNN
POST amendments.return_amendment    L FA F FFN FFN NN N NNN
POST amendments.approve_amendment   L FA F FFN FFN NN N NNN
POST amendments.withdraw_amendment  L FF F AFN AFN NN N NNN
GET  amendments.show_version        L VV V VVN VVN NN N NNN
GET  amendments.compare_versions    L VV V VVN VVN NN N NNN

POST extensions.grant_extension     L FA F FAF FFF NN N NNN
POST extensions.refuse_extension    L FA F FAF FFF NN N NNN
GET  extensions.request_extension   L FF F VVV VVV NN N NNN
POST extensions.request_extension   L FF F AAA AAA NN N NNN
GET  extensions.show_extension      L VV V VVV VVV NN N NNN
POST extensions.withdraw_extension  L FF F FFF AAF NN N NNN

POST evidence.accept_evidence       L FA F AAF FFF NN N NNN
POST evidence.add_evidence          L FF F AAA AAA NN N NNN
POST evidence.bulk_accept           L AA A AAA AAA AA N NNN
POST evidence.edit_evidence         L FF F FFF AAA NN N NNN
GET  evidence.list_for_pairing      L VV V VVN VVN NN N NNN
GET  evidence.list_library          L VV V VVV VVV VV N NNN
POST evidence.reject_evidence       L FA F AAF FFF NN N NNN
POST evidence.remove_use            L FF F AAA AAA NN N NNN
POST evidence.revise_evidence       L FF F FFF AAA NN N NNN
GET  evidence.show_evidence         L VV V VVV VVV NN N NNN
GET  evidence.use_evidence          L FF F VVV VVV NN N NNN
POST evidence.use_evidence          L FF F AAA AAA NN N NNN
GET  evidence.use_for_agreement     L FF F VFN VFN NN N NNN
POST evidence.use_for_agreement     L FF F AFN AFN NN N NNN
GET  evidence.use_for_item          L FF F VVN FFN NN F NNN
POST evidence.use_for_item          L FF F AAN FFN NN F NNN
GET  evidence.use_for_meeting       L FF F VVN VVN NN N NNN
POST evidence.use_for_meeting       L FF F AAN AAN NN N NNN
POST evidence.withdraw_evidence     L FF F FFF AAA NN N NNN

POST uploads.answer_by_phone        A AA A AAA AAA AA A AAA
POST uploads.answer_upload          L NN N NNN NNA NN N NNN
POST uploads.begin_by_phone         A AA A AAA AAA AA A AAA
POST uploads.begin_upload           L AA A AAA AAA AA A AAA
DELETE uploads.end_by_phone         A AA A AAA AAA AA A AAA
DELETE uploads.end_upload           L NN N NNN NNA NN N NNN
POST uploads.make_link              L FF F AAA AAA NN N NNN
POST uploads.revoke_link            L FF F AAA AAA NN N NNN
POST uploads.send_by_phone          A AA A AAA AAA AA A AAA
POST uploads.send_files             L FF F AAN AAN NN N NNN
PATCH uploads.send_part             L NN N NNN NNA NN N NNN
PATCH uploads.send_part_by_phone    A AA A AAA AAA AA A AAA
GET  uploads.show_by_phone          P PP P PPP PPP PP P PPP
GET  uploads.show_link              L VV V VVV VVV NN N NNN
GET  uploads.show_phone_page        P PP P PPP PPP PP P PPP
GET  uploads.show_upload            L NN N NNN NNV NN N NNN

GET  files.show_page                L VV V VVV VVV NN V NNN
GET  files.show_picture             L VV V VVV VVV NN V NNN
GET  files.show_preview             L VV V VVV VVV NN V NNN
GET  files.show_thumbnail           L VV V VVV VVV NN V NNN
GET  files.show_file                L VV V VVV VVV NN V NNN

GET  gallery.show_for_pairing       L VV V VVN VVN NN N NNN
GET  gallery.show_for_task          L VV V VVV VVV NN N NNN

GET  packs.download_base            L VV V NNN VVN NN N NNN
GET  packs.download_pairing         L VV V VVN VVN NN N NNN
GET  packs.download_task            L VV V VVV VVV NN N NNN

GET  papers.download_library        L NV N NNN NNN NN N NNN
GET  papers.download_placeholders   L NV N NNN NNN NN N NNN
GET  papers.download_shipped        L NV N NNN NNN NN N NNN
GET  papers.download_version        L NV N NNN NNN NN N NNN
GET  papers.list_templates          L NV N NNN NNN NN N NNN
GET  papers.show_sample             L NV N NNN NNN NN N NNN
GET  papers.show_template           L NV N NNN NNN NN N NNN
GET  papers.show_version_sample     L NV N NNN NNN NN N NNN
POST papers.add_template            L NA N NNN NNN NN N NNN
POST papers.use_shipped             L NA N NNN NNN NN N NNN
POST papers.use_version             L NA N NNN NNN NN N NNN
GET  papers.download                L VV V VVN VVN NN N NNN

POST closure.bulk_verify            L FA F FAF FAF FA F FFF
POST closure.confirm_closure        L FF F FAF FFF NN N NNN
POST closure.pass_lookback          L FA F FFF FFF NN N NNN
POST closure.reopen_task            L FA F FFF FFF NN N NNN
POST closure.request_closure        L FF F FFF AAF NN N NNN
POST closure.return_closure         L FA F FAF FFF NN N NNN
GET  closure.review_queue           L FV F FVF FVF FV F FFF
GET  closure.review_task            L FV F FVF FFF NN N NNN
GET  closure.slip                   L AA A AAA AAA NN N NNN
POST closure.verify_closure         L FA F FFF FFF NN N NNN

GET  standards.add_standard         L FV F FFF FFF FF F FFF
POST standards.add_standard         L FA F FFF FFF FF F FFF
GET  standards.list_standards       L VV F VVF VVF VV F FFF
GET  standards.show_gaps            L VV V VVN VVN NN N NNN
POST standards.verify_standard      L FA F FFF FFF FF F FFF

GET  lists.export_list              L VV V VVN VVN NN N NNN
GET  lists.print_list               L VV V VVN VVN NN N NNN
GET  lists.show_list                L VV V VVN VVN NN N NNN

GET  problems.choose_tasks          L FF F VVN VVN NN N NNN
POST problems.choose_tasks          L FF F AAN AAN NN N NNN
GET  problems.edit_problem          L FF F VVN VVN NN N NNN
POST problems.edit_problem          L FF F AAN AAN NN N NNN
POST problems.dismiss_problem       L FF F AAN AAN NN N NNN
GET  problems.list_for_pairing      L VV V VVN VVN NN N NNN
GET  problems.new_problem           L FF F VVN VVN NN N NNN
POST problems.new_problem           L FF F AAN AAN NN N NNN
POST problems.remove_problem        L FF F AAN AAN NN N NNN
GET  problems.show_problem          L VV V VVN VVN NN N NNN
POST problems.take_back             L FF F AAN AAN NN N NNN
POST problems.unlink_task           L FF F AAN AAN NN N NNN

POST surveys.add_photos             L FF F AFN AFN NN N NNN
POST surveys.cancel_survey          L FF F AFN AFN NN N NNN
POST surveys.confirm_report         L FF F FAN FAN NN N NNN
GET  surveys.edit_report            L FF F VFN FFN NN N NNN
POST surveys.edit_report            L FF F AFN FFN NN N NNN
GET  surveys.edit_survey            L FF F VFN VFN NN N NNN
POST surveys.edit_survey            L FF F AFN AFN NN N NNN
GET  surveys.list_for_pairing       L VV V VVN VVN NN N NNN
GET  surveys.plan_survey            L FF F VFN VFN NN N NNN
POST surveys.plan_survey            L FF F AFN AFN NN N NNN
GET  surveys.print_kit              L VV V VVN VVN NN N NNN
GET  surveys.resume                 L RR R RRN RRN NN N NNN
POST surveys.save_answer            L FF F AFN AFN NN N NNN
POST surveys.save_section           L FF F AFN AFN NN N NNN
POST surveys.send_back              L FF F AAN AAN NN N NNN
POST surveys.send_report            L FF F AFN FFN NN N NNN
GET  surveys.show_report            L VV V VVN VVN NN N NNN
GET  surveys.show_section           L VV V VVN VVN NN N NNN
GET  surveys.show_survey            L VV V VVN VVN NN N NNN
POST surveys.start_survey           L FF F AAN FFN NN N NNN
POST surveys.withdraw_photo         L FF F AFN AFN NN N NNN

POST meetings.approve_minutes       L FF F FAN FFN NN N NNN
POST meetings.cancel_meeting        L FF F AAN AAN NN N NNN
GET  meetings.edit_meeting          L FF F VVN VVN NN N NNN
POST meetings.edit_meeting          L FF F AAN AAN NN N NNN
GET  meetings.list_for_pairing      L VV V VVN VVN NN N NNN
GET  meetings.list_meetings         L VV V VVN VVN VV N NNN
GET  meetings.plan_meeting          L FF F VVN VVN NN N NNN
POST meetings.plan_meeting          L FF F AAN AAN NN N NNN
GET  meetings.print_minutes         L VV V VVN VVN NN N NNN
GET  meetings.record_minutes        L FF F VFN VVN NN N NNN
POST meetings.record_minutes        L FF F AFN AAN NN N NNN
POST meetings.return_minutes        L FF F FAN FFN NN N NNN
GET  meetings.show_meeting          L VV V VVN VVN NN N NNN

POST assessments.answer_appeal      L FA F FFN FFN NN F NNN
POST assessments.appeal             L FF F AAN AAN NN F NNN
POST assessments.assign_expert      L FA F FFN FFN NN F NNN
POST assessments.issue_provisional  L FA F FFN FFN NN F NNN
GET  assessments.item_rows          L VV V VVN VVN NN V NNN
GET  assessments.list_assessments   L VV V VVN VVN VV V NNN
GET  assessments.list_for_pairing   L VV V VVN VVN NN N NNN
GET  assessments.open_assessments   L FV F FFF FFF FF F FFF
POST assessments.open_assessments   L FA F FFF FFF FF F FFF
GET  assessments.print_sheet        L VV V VVN VVN NN V NNN
POST assessments.publish            L AF F FFN FFN NN F NNN
POST assessments.remove_expert      L FA F FFN FFN NN F NNN
POST assessments.return_self        L FA F FFN FFN NN F NNN
POST assessments.save_review        L FA F FFN FFN NN A NNN
POST assessments.save_self          L FF F AAN AAN NN F NNN
GET  assessments.show_assessment    L VV V VVN VVN NN V NNN
POST assessments.start_review       L FA F FFN FFN NN F NNN
POST assessments.submit_self        L FF F AAN AAN NN F NNN
"""


def rows() -> dict[tuple[str, str], dict[str, str]]:
    """Return the table as (method, endpoint) → column → letter."""
    found = {}
    for line in filter(None, TABLE.splitlines()):
        method, endpoint, *groups = line.split()
        letters = "".join(groups)
        assert len(letters) == len(COLUMNS), line
        assert (method, endpoint) not in found, f"twice: {line}"
        found[method, endpoint] = dict(zip(COLUMNS, letters, strict=True))
    return found
